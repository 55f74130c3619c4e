import { Problem } from '../../model/problem.js';
import { KeyError, parsePublicKey, spkiFingerprint } from '../../x509/spki.js';
import type { AcmeContext } from '../context.js';
import type { PublicKey } from './jwk.js';

/**
 * RFC 8555 §6.2 `badPublicKey`: refuses account keys that are weak or on the operator's list. Revocation by a
 * certificate's key (§7.6) is exempt, because weak keys are the ones to revoke.
 * @throws Problem badPublicKey
 */
export function requireGoodKey({ key }: PublicKey, isCompromised: AcmeContext['isCompromised']): void {
  const spki = key.export({ format: 'der', type: 'spki' });
  try {
    parsePublicKey(spki);
  } catch (error) {
    if (error instanceof KeyError) throw new Problem('badPublicKey', error.message);
    throw error;
  }
  if (isCompromised(spkiFingerprint(spki))) {
    throw new Problem('badPublicKey', 'this key is known to be compromised; never use it again');
  }
}
