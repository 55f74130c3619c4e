import { dirname, join } from 'node:path';
import { jsonOrNull } from './json.js';

/**
 * What to do when `identity.json`, read as the file of one program, is that of the common folder of `upki start`; null for any other text.
 * The common one has `root`, without the `roots` of an RA and the `issuers` of a CA.
 */
export function commonFolderAdvice(text: string, path: string, program: 'ra' | 'ca'): string | null {
  const marker = jsonOrNull(text);
  if (typeof marker !== 'object' || marker === null || !('root' in marker)) return null;
  if ('roots' in marker || 'issuers' in marker) return null;
  const folder = dirname(path);
  const name = program.toUpperCase();
  return `${folder} is the folder of \`upki start\`, with the ${name} in ${join(folder, program)}: name that one with -d, or run \`upki start\``;
}
