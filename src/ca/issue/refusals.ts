import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { ParsedCertificate } from '../../x509/certificate.js';
import type { CertificateNames } from '../../x509/certificate-names.js';
import { parseExtKeyUsage } from '../../x509/extensions.js';
import { constraintsText, type NameConstraints, namesForbidden } from '../../x509/name-constraints.js';
import { OID } from '../../x509/oids.js';
import { keyTypeOf, type PublicKeyInfo } from '../../x509/spki.js';
import { type Profile, PURPOSES, type Purpose } from './profiles.js';

/** Refusals of an issuer, in words. */

/**
 * RFC 5280 §4.2.1.12: programs take an issuer's extended key usage as a limit for all below it.
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

/** RFC 5280 §4.2.1.10. @throws TaskError naming what the issuer, or one above it, may not certify */
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

/** Purposes of a profile that an issuer's certificate keeps from those below it. */
export function purposesMissing(profile: Profile, issuer: ParsedCertificate): Purpose[] {
  const extension = issuer.extensions.get(OID.extKeyUsage);
  if (extension === undefined) return [];
  const carried = parseExtKeyUsage(extension.value);
  if (carried.includes(OID.anyExtendedKeyUsage)) return [];
  return profile.extendedKeyUsage.filter((purpose) => !carried.includes(PURPOSES[purpose]));
}

/** @throws TaskError for a key of a kind the profile does not certify */
export function refuseKeyType({ name, keyTypes }: Profile, publicKey: PublicKeyInfo): void {
  const type = keyTypeOf(publicKey);
  if (keyTypes === undefined || keyTypes.includes(type)) return;
  throw new TaskError(
    ErrorCode.profile,
    `Profile ${name} takes keys of ${keyTypes.join(', ')}; this one is ${type}`,
    'badCSR',
  );
}
