import { createHash } from 'node:crypto';
import { Problem } from '../ra/problem.js';
import type { AcmeContext } from './context.js';
import type { PublicKey } from './jwk.js';

/**
 * Reads a list of public keys that must never be used: one SHA-256 of a DER SubjectPublicKeyInfo a line, in hex; blank
 * lines and lines that begin with `#` are skipped.
 * @throws RangeError naming the line that is wrong
 */
export function parseCompromisedKeys(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.trim().toLowerCase());
  const wrong = lines.findIndex(
    (line) => line !== '' && !line.startsWith('#') && !/^[0-9a-f]{64}$/.test(line),
  );
  if (wrong >= 0) throw new RangeError(`line ${wrong + 1}: a SHA-256 in hex is wanted, 64 characters`);
  return new Set(lines.filter((line) => /^[0-9a-f]{64}$/.test(line)));
}

/** RFC 8555 §6.2 with the operator's list; revocation by such a key (§7.6) must stay possible. @throws Problem badPublicKey */
export function requireUncompromised({ key }: PublicKey, isCompromised: AcmeContext['isCompromised']): void {
  const spki = key.export({ format: 'der', type: 'spki' });
  if (isCompromised(createHash('sha256').update(spki).digest('hex'))) {
    throw new Problem('badPublicKey', 'this key is known to be compromised; never use it again');
  }
}
