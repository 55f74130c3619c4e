import type { Signer } from '../../x509/algorithms.js';
import { authorityId, issuerKeyId, parseCertificate } from '../../x509/certificate.js';
import type { SubjectName } from '../../x509/certificate-names.js';
import { encodeAuthorityKeyIdentifier } from '../../x509/crl.js';
import {
  bitString,
  encode,
  explicit,
  integer,
  integerFromHex,
  namedBits,
  nullValue,
  octetString,
  oid,
  sequence,
  time,
} from '../../x509/der-writer.js';
import { encodeExtension, encodeTlsFeatures, KEY_USAGE } from '../../x509/extensions.js';
import { encodeGeneralNames } from '../../x509/general-names.js';
import { type DistinguishedName, dn, encodeName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { keyIdentifier, type PublicKeyInfo } from '../../x509/spki.js';
import { contextPrimitive } from '../../x509/tags.js';
import { keyUsages } from './key-usages.js';
import { lifetimeOf, lifetimeText, type Profile, PURPOSES } from './profiles.js';

export interface IssueInput {
  profile: Profile;
  publicKey: PublicKeyInfo;
  names: readonly SubjectName[];
  /**
   * Common name of the subject, at most 64 characters (RFC 5280 ub-common-name); null: the subject has none.
   */
  commonName: string | null;
  /** RFC 7633 §4.1: TLS extensions that the holder promises to support; without any, the extension is left out. */
  tlsFeatures?: readonly number[];
  /** Lower-case hex; `newSerial` makes one. */
  serial: string;
  notBefore: number;
  notAfter: number;
}

/** The facts of an issuer. */
export interface Issuer {
  /** DER of the issuing certificate. */
  certificate: Uint8Array;
  signer: Signer;
  /** Base of the plain-HTTP URLs in certificates, or null to leave them out. */
  publicUrl: string | null;
}

/** A request for something that no certificate may contain. */
export class IssueError extends Error {
  override readonly name = 'IssueError';
}

/** Paths of the URLs in certificates, on the RA's plain-HTTP listener. */
export const crlPath = (id: string): string => `/crl/${id}.crl`;
export const issuerPath = (id: string): string => `/issuer/${id}.cer`;
export const OCSP_PATH = '/ocsp';

/**
 * Backdating in ms: client clocks lag, and would reject a new certificate as "not yet valid".
 */
export const BACKDATE = 3600_000;
/** A short-lived certificate is backdated by at most this fraction (1/8) of its lifetime. */
const BACKDATED_PART = 8;

/**
 * RFC 5280 §4.1.2.2 and CA/B BR §7.1: positive, at most 20 octets, 128 random bits. A first octet of 0x10–0x7f keeps
 * the length and the sign the same for all.
 */
export function newSerial(random: (bytes: number) => Buffer): string {
  const bytes = random(17);
  bytes[0] = 0x10 + ((bytes[0] ?? 0) % 0x70);
  return bytes.toString('hex');
}

/** Allowed lead of the RA's clock in ms: it may have accepted an order for the profile's whole lifetime. */
const CLOCK_SKEW = 60_000;

/** notBefore and notAfter for a certificate of this profile issued now; explicit times win, the issuer's end bounds both. */
export function validityFor(
  profile: Profile,
  now: number,
  requested: { notBefore: number | null; notAfter: number | null },
  issuerNotAfter: number,
): { notBefore: number; notAfter: number } {
  const second = (milliseconds: number) => Math.floor(milliseconds / 1000) * 1000;
  const limit = lifetimeOf(profile);
  const start = requested.notBefore ?? now;
  const notBefore = second(requested.notBefore ?? now - Math.min(BACKDATE, limit / BACKDATED_PART));
  // RFC 5280 §4.1.2.5: the last second counts.
  const longest = second(start) + limit - 1000;
  if (requested.notAfter !== null && requested.notAfter > longest + 1000 + CLOCK_SKEW) {
    throw new IssueError(`notAfter is beyond the ${lifetimeText(profile)} of profile ${profile.name}`);
  }
  const notAfter = Math.min(second(requested.notAfter ?? longest), issuerNotAfter);
  if (notAfter <= notBefore || notAfter <= now)
    throw new IssueError('the certificate would have ended before it began');
  return { notBefore, notAfter };
}

/** The extensions that are the same for every certificate of a profile and key type. */
interface Fixed {
  beforeNames: Buffer;
  afterNames: Buffer;
}

/**
 * Makes certificates for one issuer. Deterministic: the TBSCertificate depends only on the input, the issuer
 * and the profile.
 */
export class CertificateFactory {
  readonly #fixed = new WeakMap<Profile, Map<string, Fixed>>();
  readonly #issuerName: Buffer;
  readonly #authorityKeyIdentifier: Buffer;
  readonly #version = explicit(0, integer(2));

  constructor(readonly issuer: Issuer) {
    const certificate = parseCertificate(issuer.certificate);
    this.#issuerName = certificate.subjectDer;
    this.#authorityKeyIdentifier = encodeExtension(
      OID.authorityKeyIdentifier,
      encodeAuthorityKeyIdentifier(Buffer.from(issuerKeyId(certificate), 'hex')),
    );
  }

  /** DER of the signed certificate. @throws IssueError */
  async issue(input: IssueInput): Promise<Buffer> {
    const tbs = this.toBeSigned(input);
    const { signer } = this.issuer;
    return sequence(tbs, signer.algorithm, bitString(await signer.sign(tbs)));
  }

  /** DER of the TBSCertificate (RFC 5280 §4.1.2). @throws IssueError */
  toBeSigned(input: IssueInput): Buffer {
    const { profile, publicKey, names } = input;
    const subject = subjectOf(profile, input.commonName);
    if (names.length === 0 && subject.length === 0) throw new IssueError('a certificate must name something');
    if (names.length > 0 && !profile.altnames) {
      throw new IssueError(`profile ${profile.name} has no subject alternative names`);
    }
    const fixed = this.#fixedParts(profile, publicKey.type);
    const subjectKeyIdentifier = encodeExtension(
      OID.subjectKeyIdentifier,
      octetString(keyIdentifier(publicKey.spki)),
    );
    // RFC 5280 §4.2.1.6: critical exactly when the subject is empty.
    const subjectAltName =
      names.length > 0
        ? encodeExtension(OID.subjectAltName, encodeGeneralNames(names), subject.length === 0)
        : Buffer.alloc(0);
    const { tlsFeatures = [] } = input;
    const tlsFeature =
      tlsFeatures.length > 0
        ? encodeExtension(OID.tlsFeature, encodeTlsFeatures(tlsFeatures))
        : Buffer.alloc(0);
    return sequence(
      this.#version,
      integerFromHex(input.serial),
      this.issuer.signer.algorithm,
      this.#issuerName,
      sequence(time(input.notBefore), time(input.notAfter)),
      encodeName(subject),
      publicKey.spki,
      explicit(
        3,
        sequence(fixed.beforeNames, subjectKeyIdentifier, subjectAltName, fixed.afterNames, tlsFeature),
      ),
    );
  }

  #fixedParts(profile: Profile, keyType: PublicKeyInfo['type']): Fixed {
    let byKey = this.#fixed.get(profile);
    if (!byKey) {
      byKey = new Map();
      this.#fixed.set(profile, byKey);
    }
    let fixed = byKey.get(keyType);
    if (!fixed) {
      fixed = this.#encodeFixed(profile, keyType);
      byKey.set(keyType, fixed);
    }
    return fixed;
  }

  #encodeFixed(profile: Profile, keyType: PublicKeyInfo['type']): Fixed {
    const { publicUrl } = this.issuer;
    const before = [
      encodeExtension(
        OID.keyUsage,
        namedBits(keyUsages(profile, keyType).map((usage) => KEY_USAGE.indexOf(usage))),
        true,
      ),
    ];
    if (profile.extendedKeyUsage.length > 0) {
      const purposes = profile.extendedKeyUsage.map((purpose) => oid(PURPOSES[purpose]));
      before.push(encodeExtension(OID.extKeyUsage, sequence(...purposes)));
    }
    const constraints = profile.pathLen === undefined ? sequence() : caConstraints(profile.pathLen);
    before.push(encodeExtension(OID.basicConstraints, constraints, true), this.#authorityKeyIdentifier);
    const after: Buffer[] = [];
    if (profile.extendedKeyUsage.includes('serverAuth')) {
      after.push(encodeExtension(OID.certificatePolicies, sequence(sequence(oid(OID.domainValidated)))));
    }
    // RFC 6960 §4.2.2.2.1: clients should not ask a responder about its own certificate, so that names no responder.
    if (profile.extendedKeyUsage.includes('OCSPSigning')) {
      after.push(encodeExtension(OID.ocspNoCheck, nullValue()));
    } else if (profile.revocation === 'none') {
      // RFC 9608 §2: not critical, NULL; without a CRL distribution point and an OCSP responder.
      after.push(encodeExtension(OID.noRevAvail, nullValue()));
      if (publicUrl !== null) after.push(issuerLocation(publicUrl, authorityId(this.issuer.certificate)));
    } else if (publicUrl !== null) {
      after.push(...locationExtensions(publicUrl, authorityId(this.issuer.certificate)));
    }
    return { beforeNames: Buffer.concat(before), afterNames: Buffer.concat(after) };
  }
}

/**
 * RFC 5280 §4.2.2.1 and §4.2.1.13: where the OCSP responder, the issuer's certificate and the CRL are; `id` is the issuer's.
 * Without `ocsp` no responder is named.
 */
export function locationExtensions(publicUrl: string, id: string, ocsp = true): Buffer[] {
  const uri = (path: string) => encode(contextPrimitive(6), Buffer.from(publicUrl + path, 'latin1'));
  const access = [
    ...(ocsp ? [sequence(oid(OID.adOcsp), uri(OCSP_PATH))] : []),
    sequence(oid(OID.adCaIssuers), uri(issuerPath(id))),
  ];
  const point = sequence(explicit(0, explicit(0, uri(crlPath(id)))));
  return [
    encodeExtension(OID.authorityInfoAccess, sequence(...access)),
    encodeExtension(OID.cRLDistributionPoints, sequence(point)),
  ];
}

/**
 * The location extensions of certificates under an authority (DER); none without a base URL. `ocsp`: its key
 * is here to sign responses.
 */
export function locationsUnder(authority: Uint8Array, publicUrl: string | null, ocsp = true): Buffer[] {
  return publicUrl === null ? [] : locationExtensions(publicUrl, authorityId(authority), ocsp);
}

/** RFC 5280 §4.2.2.1: only the location of the issuer's certificate. */
function issuerLocation(publicUrl: string, id: string): Buffer {
  const uri = encode(contextPrimitive(6), Buffer.from(publicUrl + issuerPath(id), 'latin1'));
  return encodeExtension(OID.authorityInfoAccess, sequence(sequence(oid(OID.adCaIssuers), uri)));
}

/** Value of a CA's basicConstraints; null leaves the path length open. */
export function caConstraints(pathLength: number | null): Buffer {
  const ca = Buffer.from([0x01, 0x01, 0xff]);
  return pathLength === null ? sequence(ca) : sequence(ca, integer(pathLength));
}

/**
 * A TLS server's subject holds its common name at most: its names are in the SAN, and a domain-validated certificate
 * asserts no organisation (CA/B BR §7.1.2.7.1). Others carry the profile's attributes and the common name.
 */
function subjectOf(profile: Profile, commonName: string | null): DistinguishedName {
  const cn = commonName ?? profile.subject.CN ?? null;
  if (cn !== null && [...cn].length > 64) throw new IssueError('a common name has at most 64 characters');
  const last: [string, string][] = cn === null ? [] : [['CN', cn]];
  if (profile.extendedKeyUsage.includes('serverAuth')) return dn(...last);
  const { C, ST, L, O, OU } = profile.subject;
  const attributes = Object.entries({ C, ST, L, O, OU }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  return dn(...attributes, ...last);
}
