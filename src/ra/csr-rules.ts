import type { Account, Identifier } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { CertificationRequest } from '../x509/csr.js';
import { CsrRefused, readOrderCsr } from '../x509/order-csr.js';
import { isJwkOf, spkiFingerprint } from '../x509/spki.js';

/**
 * RFC 8555 §7.4: a CSR is acceptable when it is one for the order (`readOrderCsr`) and its key is not the account's
 * (§11.1). Pure.
 * @throws Problem badCSR saying what is wrong.
 */
export function checkCsr(
  der: Uint8Array,
  identifiers: Identifier[],
  account: Pick<Account, 'jwk'>,
  isCompromised: (spkiFingerprint: string) => boolean,
): void {
  let csr: CertificationRequest;
  try {
    csr = readOrderCsr(der, identifiers);
  } catch (error) {
    throw error instanceof CsrRefused ? new Problem('badCSR', error.message) : error;
  }
  if (isCompromised(spkiFingerprint(csr.publicKey.spki))) {
    throw new Problem('badCSR', 'the key of the CSR is known to be compromised; never use it again');
  }
  if (isJwkOf(csr.publicKey, account.jwk)) throw new Problem('badCSR', 'the CSR holds the account key');
}
