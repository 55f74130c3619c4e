import { readFile } from 'node:fs/promises';
import { errorMessage } from '../lib/error-message.js';
import { fileReason } from '../lib/file-trouble.js';
import { CannotStart } from '../programs/exit.js';

/**
 * Reads a file that was named on the command line, by an option or as an argument (null).
 * @throws CannotStart with the option, the path and the reason
 */
export async function readGiven(option: string | null, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const why = fileReason(error, path) ?? errorMessage(error);
    throw new CannotStart(option === null ? `${path}: ${why}` : `${option} is "${path}": ${why}`);
  }
}
