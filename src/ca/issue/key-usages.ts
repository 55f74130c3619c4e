import type { KEY_USAGE } from '../../x509/extensions.js';
import type { PublicKeyInfo } from '../../x509/spki.js';

type KeyUsage = (typeof KEY_USAGE)[number];

export interface Usages {
  keyUsage: readonly KeyUsage[];
  extendedKeyUsage: readonly string[];
}

/**
 * The usages of a profile that fit the key and the purposes: only RSA keys encipher (RFC 5280 §4.2.1.3), and
 * non-repudiation fits e-mail protection, but not TLS without it (§4.2.1.12).
 */
export function keyUsages(
  { keyUsage, extendedKeyUsage: purposes }: Usages,
  keyType: PublicKeyInfo['type'],
): KeyUsage[] {
  const signsForOthers = purposes.length === 0 || purposes.includes('emailProtection');
  return keyUsage.filter((usage) => {
    if (usage === 'keyEncipherment' || usage === 'dataEncipherment') return keyType === 'rsa';
    return usage !== 'nonRepudiation' || signsForOthers;
  });
}
