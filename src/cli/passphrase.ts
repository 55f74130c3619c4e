import { randomInt } from 'node:crypto';
import { CannotStart } from '../programs/exit.js';
import { isPkcs12Passphrase } from '../x509/pkcs12.js';
import { readGiven } from './given-file.js';

/** Letters and digits that are not easily confused. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 5;
const GROUP = 5;

/** A random passphrase that can be typed: 25 of 31 characters, 123 bits. */
export function newPassphrase(): string {
  const group = () => Array.from({ length: GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

/** Reads a passphrase for a PKCS #12 file from the first line of a file. @throws CannotStart */
export async function passphraseIn(file: string): Promise<string> {
  const [line = ''] = (await readGiven('--passphrase-file', file)).toString().split(/\r?\n/, 1);
  if (isPkcs12Passphrase(line)) return line;
  throw new CannotStart(
    `the first line of ${file} must be the passphrase, in printable ASCII: programs encode other characters differently`,
  );
}
