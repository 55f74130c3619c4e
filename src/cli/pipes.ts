import { fileTrouble } from '../lib/file-trouble.js';
import { ExitCode } from '../programs/exit.js';

const STDOUT = 'standard output';

/**
 * Output that cannot be written must not stop a server. A reader that closed the pipe (`upki config | head`) is not an error either; for
 * any other reason, such as a full disk, the command fails, because what it printed is incomplete.
 */
export function outliveReaders(): void {
  // Without standard error there is nowhere to say it.
  process.stderr.on('error', () => {});
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    process.stdout.on('error', () => {});
    if (error.code === 'EPIPE') return;
    process.stderr.write(`uPKI: ${fileTrouble(error, STDOUT) ?? `${STDOUT}: ${error.message}`}\n`);
    process.exitCode = ExitCode.failure;
  });
}
