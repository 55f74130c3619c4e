import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { ParsedCertificate } from '../../x509/certificate.js';
import type { CertificateNames } from '../../x509/certificate-names.js';
import { parseExtKeyUsage, readExtension } from '../../x509/extensions.js';
import { constraintsText, type NameConstraints, namesForbidden } from '../../x509/name-constraints.js';
import { OID } from '../../x509/oids.js';
import { keyTypeOf, type PublicKeyInfo } from '../../x509/spki.js';
import { keyUsages } from './key-usages.js';
import { type Profile, PURPOSES, type Purpose } from './profiles.js';

/** The reasons why an issuer refuses a certificate. */

/**
 * RFC 5280 §4.2.1.12: programs apply an issuer's extended key usage to all certificates below it.
 * @throws TaskError naming the purposes the issuer cannot carry
 */
export function refusePurposes(profile: Profile, issuer: ParsedCertificate): void {
  const missing = purposesMissing(profile, issuer);
  if (missing.length === 0) return;
  throw new TaskError(
    ErrorCode.profile,
    `Profile ${profile.name} promises ${missing.join(', ')}, which the issuer's own certificate does not carry: ` +
      'a new issuer does (upki ca rollover issuer)',
  );
}

/** RFC 5280 §4.2.1.10. @throws TaskError with the names that the constraints of the chain forbid */
export function refuseNames(
  { names, commonName }: CertificateNames,
  constraints: readonly NameConstraints[],
): void {
  if (constraints.length === 0) return;
  const forbidden = namesForbidden(names, commonName, constraints);
  if (forbidden.length === 0) return;
  throw new TaskError(
    ErrorCode.validation,
    `${forbidden.map((name) => `"${name}"`).join(', ')}: outside of what the issuer may certify (${constraintsText(constraints)})`,
    'rejectedIdentifier',
  );
}

/** Purposes of a profile that the extended key usage of an issuer's certificate does not allow. */
export function purposesMissing(profile: Profile, issuer: ParsedCertificate): Purpose[] {
  const carried = readExtension(issuer, OID.extKeyUsage, parseExtKeyUsage);
  if (carried === null || carried.includes(OID.anyExtendedKeyUsage)) return [];
  return profile.extendedKeyUsage.filter((purpose) => !carried.includes(PURPOSES[purpose]));
}

/** @throws TaskError for a type of key that the profile does not allow, or that none of its usages fits */
export function refuseKeyType(profile: Profile, publicKey: PublicKeyInfo): void {
  const { name, keyTypes } = profile;
  const type = keyTypeOf(publicKey);
  if (keyUsages(profile, publicKey.type).length === 0) {
    const why = `Profile ${name} has the key usage ${profile.keyUsage.join(', ')}, which no ${type} key has`;
    throw new TaskError(ErrorCode.profile, why, 'badCSR');
  }
  if (keyTypes === undefined || keyTypes.includes(type)) return;
  throw new TaskError(
    ErrorCode.profile,
    `Profile ${name} takes keys of ${keyTypes.join(', ')}; this one is ${type}`,
    'badCSR',
  );
}
