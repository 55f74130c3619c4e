import type { AcmeProfile } from '../model/ca.js';
import type { Account, Identifier } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { CertificationRequest } from '../x509/csr.js';
import { CsrRefused, readOrderCsr } from '../x509/order-csr.js';
import { isJwkOf, keyTypeOf, spkiFingerprint } from '../x509/spki.js';

/**
 * RFC 8555 §7.4: checks that a CSR matches the order (`readOrderCsr`), has a key that the profile accepts and that is not known to be
 * compromised, and does not have the account's key (§11.1). Pure.
 * @throws Problem badCSR naming the fault
 */
export function checkCsr(
  der: Uint8Array,
  identifiers: Identifier[],
  account: Pick<Account, 'jwk'>,
  isCompromised: (spkiFingerprint: string) => boolean,
  profile: Pick<AcmeProfile, 'name' | 'keyTypes'> | null = null,
): void {
  let csr: CertificationRequest;
  try {
    csr = readOrderCsr(der, identifiers);
  } catch (error) {
    throw error instanceof CsrRefused ? new Problem('badCSR', error.message) : error;
  }
  const type = keyTypeOf(csr.publicKey);
  if (profile?.keyTypes && !profile.keyTypes.includes(type)) {
    const taken = profile.keyTypes.join(', ');
    throw new Problem(
      'badCSR',
      `profile "${profile.name}" takes keys of ${taken}; that of the CSR is ${type}`,
    );
  }
  if (isCompromised(spkiFingerprint(csr.publicKey.spki))) {
    throw new Problem('badCSR', 'the key of the CSR is known to be compromised; never use it again');
  }
  if (isJwkOf(csr.publicKey, account.jwk)) throw new Problem('badCSR', 'the CSR holds the account key');
}
