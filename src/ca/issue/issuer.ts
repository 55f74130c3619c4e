import { createPublicKey, type KeyObject } from 'node:crypto';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore, CertificateRecord } from '../../store/contract/ca.js';
import { isSignedBy, issuerKeyId, type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { type CertificateNames, calledName } from '../../x509/certificate-names.js';
import { DerError } from '../../x509/der-error.js';
import { formatDn } from '../../x509/name.js';
import { toPem } from '../../x509/pem.js';
import { type PublicKeyInfo, spkiFingerprint } from '../../x509/spki.js';
import { certificateNotFound } from '../lookup.js';
import { checkEntitled, END_CERTIFICATES, type Entitlement } from './entitlement.js';
import { CertificateFactory, IssueError, type Issuer, newSerial, validityFor } from './factory.js';
import { lint } from './lint.js';
import { recordOfLost } from './lost-record.js';
import { isForServers, type Profile } from './profiles.js';

export interface AuthorityOptions {
  store: CaStore;
  issuer: Issuer;
  /** DER. */
  root: Uint8Array;
  /** PEM of the issuing chain, issuer first, root left out: empty when the root issues. */
  chain: string;
  profiles: ReadonlyMap<string, Profile>;
  clock: () => number;
  random: (bytes: number) => Buffer;
}

/** One certificate to be made. */
export interface Issuance {
  profile: Profile;
  publicKey: PublicKeyInfo;
  names: CertificateNames;
  /** RFC 7633 §4.1, as the CSR asks for them; a TLS server's only. */
  tlsFeatures?: readonly number[];
  notBefore?: number | null;
  notAfter?: number | null;
  orderId?: string | null;
  accountId?: string | null;
  /** Who asked, for the audit log; the CA itself when left out. */
  by?: Actor;
  /** What may be made for who asked; end certificates alone when left out. */
  entitlement?: Entitlement;
  /** Kept, but left out of listings: a certificate of the CA's own. */
  unlisted?: boolean;
}

/**
 * Makes certificates and keeps them: profile and names are decided by the caller, everything else here. What is
 * returned was checked (lint) and is on disk.
 */
export class Authority {
  readonly store: CaStore;
  #profiles: ReadonlyMap<string, Profile>;
  readonly clock: () => number;
  readonly random: (bytes: number) => Buffer;
  readonly issuer: Issuer;
  /** PEM of the root. */
  readonly rootPem: string;
  /** PEM of the issuing chain, issuer first, root left out: empty when the root issues. */
  readonly chainPem: string;
  readonly #factory: CertificateFactory;
  readonly #lintContext: { issuerKeyId: string; issuerKey: KeyObject; issuerNotAfter: number };

  constructor(options: AuthorityOptions) {
    this.store = options.store;
    this.#profiles = options.profiles;
    this.clock = options.clock;
    this.random = options.random;
    this.issuer = options.issuer;
    this.rootPem = toPem('CERTIFICATE', options.root);
    this.chainPem = options.chain;
    this.#factory = new CertificateFactory(options.issuer);
    const certificate = parseCertificate(options.issuer.certificate);
    this.#lintContext = {
      issuerKeyId: issuerKeyId(certificate),
      issuerKey: createPublicKey({ key: certificate.spki, format: 'der', type: 'spki' }),
      issuerNotAfter: certificate.notAfter,
    };
  }

  /** When the issuing certificate ends: no certificate of it ends later. */
  get issuerNotAfter(): number {
    return this.#lintContext.issuerNotAfter;
  }

  get profiles(): ReadonlyMap<string, Profile> {
    return this.#profiles;
  }

  /** From the next certificate on. */
  useProfiles(profiles: ReadonlyMap<string, Profile>): void {
    this.#profiles = profiles;
  }

  /** @throws TaskError "Profile not found", as recorded. */
  profile(name: string): Profile {
    const profile = this.#profiles.get(name);
    if (profile !== undefined) return profile;
    throw new TaskError(ErrorCode.profile, `Profile not found: ${name}`, 'notFound');
  }

  /**
   * A profile for a certificate that peers may have: never a CA's, which are made by hand.
   * @throws TaskError
   */
  leafProfile(name: string): Profile {
    const profile = this.profile(name);
    if (profile.pathLen === undefined) return profile;
    throw new TaskError(ErrorCode.profile, `Profile ${name} is for certificate authorities`);
  }

  /** Whether a certificate shown is the one a record is of; of one known by its serial only, whether we signed it. */
  isOf(record: CertificateRecord, shown: ParsedCertificate): boolean {
    if (record.der.length > 0) return shown.der.equals(record.der);
    return record.serial === shown.serial && isSignedBy(shown, this.#lintContext.issuerKey);
  }

  /**
   * The record of a certificate that is shown. One that we signed and have no record of, as after a restore, is kept from
   * then on. @throws TaskError for one that is not ours
   */
  async recordOf(shown: ParsedCertificate, by: Actor): Promise<CertificateRecord> {
    const record = await this.store.findBySerial(shown.serial);
    if (record !== null && this.isOf(record, shown)) return record;
    if (record !== null || !isSignedBy(shown, this.#lintContext.issuerKey))
      throw certificateNotFound(shown.serial);
    const lost = recordOfLost(shown, this.clock());
    return (await this.store.recordCertificate(lost, by)).certificate;
  }

  /**
   * Issues and stores. `created` is false when the order had got a certificate meanwhile, which is returned then.
   * @throws TaskError when the certificate may not be; LintError when we made it wrong.
   */
  async issue(issuance: Issuance): Promise<{ certificate: CertificateRecord; created: boolean }> {
    const { profile, publicKey, names, entitlement = END_CERTIFICATES } = issuance;
    checkEntitled(profile.name, calledName(names), entitlement);
    // Asked while the certificate is made, so that it costs no time.
    const compromised = this.store.isCompromisedKey(spkiFingerprint(publicKey.spki));
    // It rejects where nobody waits when making the certificate throws first.
    compromised.catch(() => undefined);
    const issuedAt = this.clock();
    const requested = { notBefore: issuance.notBefore ?? null, notAfter: issuance.notAfter ?? null };
    const serial = newSerial(this.random);
    let made: ParsedCertificate;
    try {
      const validity = validityFor(profile, issuedAt, requested, this.#lintContext.issuerNotAfter);
      const tlsFeatures = isForServers(profile) ? (issuance.tlsFeatures ?? []) : [];
      const input = { profile, publicKey, ...names, tlsFeatures, serial, ...validity };
      made = lint(this.#factory.issue(input), { input, ...this.#lintContext });
    } catch (error) {
      if (error instanceof IssueError || error instanceof DerError) {
        throw new TaskError(ErrorCode.certificate, error.message);
      }
      throw error;
    }
    if (await compromised) {
      throw new TaskError(ErrorCode.certificate, 'The key is known to be compromised', 'badCSR');
    }
    const { der, subject, notBefore, notAfter } = made;
    return this.store.recordCertificate(
      {
        serial,
        cn: calledName(names),
        dn: formatDn(subject),
        profile: profile.name,
        identifiers: names.names,
        der,
        notBefore,
        notAfter,
        orderId: issuance.orderId ?? null,
        accountId: issuance.accountId ?? null,
        issuedAt,
        revokedAt: null,
        reason: null,
        deletedAt: issuance.unlisted ? issuedAt : null,
        issuer: '',
      },
      issuance.by,
    );
  }
}

/** PEM of a stored certificate; empty for one that is known by its serial only. */
export function certificatePem(record: Pick<CertificateRecord, 'der'>): string {
  return record.der.length === 0 ? '' : toPem('CERTIFICATE', record.der);
}
