import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore, CertificateRecord } from '../../store/contract/ca.js';
import { IssuerRetired, KeyCompromised, StoreRefused } from '../../store/contract/errors.js';
import { isSignedBy, type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { type CertificateNames, calledName } from '../../x509/certificate-names.js';
import { DerError } from '../../x509/der-error.js';
import { formatDn } from '../../x509/name.js';
import { toPem } from '../../x509/pem.js';
import { type PublicKeyInfo, spkiFingerprint } from '../../x509/spki.js';
import type { Member } from '../authorities/member.js';
import type { AuthoritySet } from '../authorities/set.js';
import { certificateNotFound } from '../lookup.js';
import { checkEntitled, END_CERTIFICATES, type Entitlement } from './entitlement.js';
import { IssueError, newSerial, validityFor } from './factory.js';
import { lint } from './lint.js';
import { isNamed, recordOfLost } from './lost-record.js';
import { isForServers, type Profile } from './profiles.js';
import { refuseKeyType, refuseNames, refusePurposes } from './refusals.js';

interface CertifierOptions {
  store: CaStore;
  set: AuthoritySet;
  profiles: ReadonlyMap<string, Profile>;
  clock: () => number;
  random: (bytes: number) => Buffer;
}

/** One certificate to be made. */
export interface Issuance {
  profile: Profile;
  publicKey: PublicKeyInfo;
  names: CertificateNames;
  /** TLS features (RFC 7633 §4.1) that the CSR requests; used only for TLS servers. */
  tlsFeatures?: readonly number[];
  notBefore?: number | null;
  notAfter?: number | null;
  orderId?: string | null;
  accountId?: string | null;
  /** The requester, for the audit log; the CA itself by default. */
  by?: Actor;
  /** The profiles the requester may use; only those of end-entity certificates by default. */
  entitlement?: Entitlement;
  /** The issuer whose OCSP responder gets the certificate. It is hidden from listings, and made for a retired issuer too. */
  responderOf?: Member;
}

/**
 * Makes and stores certificates. The caller decides profile and names, this class everything else. A returned
 * certificate has passed lint and is on disk.
 */
export class Certifier {
  readonly store: CaStore;
  #profiles: ReadonlyMap<string, Profile>;
  readonly clock: () => number;
  readonly random: (bytes: number) => Buffer;
  readonly set: AuthoritySet;
  /** DER that is known to be intact: made here, or verified once. */
  readonly #proven = new WeakSet<Uint8Array>();

  constructor(options: CertifierOptions) {
    this.store = options.store;
    this.#profiles = options.profiles;
    this.clock = options.clock;
    this.random = options.random;
    this.set = options.set;
  }

  /** PEM of the published roots, the one in use first. */
  get rootPem(): string {
    return this.set.rootsPem;
  }

  /** PEM of the chain of the issuer in use, the issuer first, without the root; empty when the root issues. */
  get chainPem(): string {
    const { newest } = this.set;
    return newest === null ? '' : this.set.chainOf(newest);
  }

  /** PEM of the chain of a certificate's own issuer. */
  chainOf(record: CertificateRecord): string {
    const issuer = this.set.byTag(record.issuer);
    return issuer === null ? this.chainPem : this.set.chainOf(issuer);
  }

  /** Expiry of the issuer in use; its certificates do not expire later. */
  get issuerNotAfter(): number {
    return this.set.active.certificate.notAfter;
  }

  get profiles(): ReadonlyMap<string, Profile> {
    return this.#profiles;
  }

  /** Uses these profiles from the next certificate on. */
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
   * A profile for a certificate that peers may request: never a CA's, which are made by hand.
   * @throws TaskError
   */
  leafProfile(name: string): Profile {
    const profile = this.profile(name);
    if (profile.pathLen === undefined) return profile;
    throw new TaskError(ErrorCode.profile, `Profile ${name} is for certificate authorities`);
  }

  /** PEM of a stored certificate; empty for one known only by its serial. @throws StoreRefused as `intact` */
  pemOf(record: CertificateRecord): string {
    return certificatePem(this.intact(record));
  }

  /**
   * Verifies that a record is what this CA signed, because disk pages may have changed. Everything made from
   * a record goes through here: serving, renewing, reissuing.
   * @throws StoreRefused naming the certificate
   */
  intact(record: CertificateRecord): CertificateRecord {
    if (record.der.length === 0 || this.#proven.has(record.der)) return record;
    if (!this.#isAsSigned(record)) {
      throw new StoreRefused(
        `the certificate with the serial ${record.serial} in the database is not what this CA signed: the database is damaged. ` +
          'Look at it with `upki store check`, and restore the last backup whose check succeeds',
      );
    }
    this.#proven.add(record.der);
    return record;
  }

  /** Verifies a record with its issuer. A certificate of an issuer that is not in the set is not verified. */
  #isAsSigned({ der, serial, issuer, identifiers }: CertificateRecord): boolean {
    const signer = this.set.byTag(issuer);
    try {
      const certificate = parseCertificate(der);
      if (certificate.serial !== serial || !isNamed(certificate, identifiers)) return false;
      return signer === null || isSignedBy(certificate, signer.publicKey);
    } catch (error) {
      if (error instanceof DerError) return false;
      throw error;
    }
  }

  /**
   * Whether a shown certificate is the recorded one; for a record with only a serial, whether we signed it.
   */
  isOf(record: CertificateRecord, shown: ParsedCertificate): boolean {
    if (record.der.length > 0) return shown.der.equals(record.der);
    const issuer = this.set.byTag(record.issuer);
    return issuer !== null && record.serial === shown.serial && isSignedBy(shown, issuer.publicKey);
  }

  /**
   * The record of a shown certificate. A certificate of this CA without a record, for example after a
   * restore, is recorded now.
   * @throws TaskError for a certificate of another CA
   */
  async recordOf(shown: ParsedCertificate, by: Actor): Promise<CertificateRecord> {
    const record = await this.store.findBySerial(shown.serial);
    if (record !== null && this.isOf(record, shown)) return record;
    const issuer = this.set.members.find((each) => each.issues && isSignedBy(shown, each.publicKey));
    if (record !== null || issuer === undefined) throw certificateNotFound(shown.serial);
    const lost = { ...recordOfLost(shown, this.clock()), issuer: issuer.tag };
    return (await this.store.recordCertificate(lost, by, { evenRetired: true })).certificate;
  }

  /**
   * Issues and stores a certificate. `created` is false when the order has got a certificate meanwhile, which
   * is returned.
   * @throws TaskError for a certificate that must not be issued; LintError for a fault of this program
   */
  async issue(issuance: Issuance): Promise<{ certificate: CertificateRecord; created: boolean }> {
    const { profile, names, responderOf, entitlement = END_CERTIFICATES } = issuance;
    checkEntitled(profile.name, calledName(names), entitlement);
    if (responderOf !== undefined) return this.#issueBy(responderOf, issuance);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#issueBy(await this.set.findActive(), issuance);
      } catch (error) {
        // A command or another CA on this store has just made a successor, which may have other limits.
        const isStale = error instanceof IssuerRetired || (isOfNames(error) && (await this.set.reload()));
        if (!isStale || tries === MOST_TRIES) throw error;
        await this.set.reload();
      }
    }
  }

  async #issueBy(
    issuer: Member,
    issuance: Issuance,
  ): Promise<{ certificate: CertificateRecord; created: boolean }> {
    const { profile, publicKey, names, responderOf } = issuance;
    if (responderOf === undefined) refusePurposes(profile, issuer.certificate);
    refuseKeyType(profile, publicKey);
    refuseNames(names, this.set.constraintsOver(issuer));
    if (responderOf === undefined && profile.revocation !== 'none') this.set.noteIssuance();
    const issuedAt = this.clock();
    const requested = { notBefore: issuance.notBefore ?? null, notAfter: issuance.notAfter ?? null };
    const serial = newSerial(this.random);
    const context = {
      issuerKeyId: issuer.keyId,
      issuerKey: issuer.publicKey,
      issuerNotAfter: issuer.certificate.notAfter,
    };
    let made: ParsedCertificate;
    try {
      const validity = validityFor(profile, issuedAt, requested, context.issuerNotAfter);
      const tlsFeatures = isForServers(profile) ? (issuance.tlsFeatures ?? []) : [];
      const input = { profile, publicKey, ...names, tlsFeatures, serial, ...validity };
      made = lint(await issuer.factory.issue(input), { input, ...context });
    } catch (error) {
      if (error instanceof IssueError || error instanceof DerError) {
        throw new TaskError(ErrorCode.certificate, error.message);
      }
      throw error;
    }
    const { der, subject, notBefore, notAfter } = made;
    this.#proven.add(der);
    const recorded = this.store.recordCertificate(
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
        deletedAt: responderOf === undefined ? null : issuedAt,
        issuer: issuer.tag,
      },
      issuance.by,
      { evenRetired: responderOf !== undefined, key: spkiFingerprint(publicKey.spki) },
    );
    return recorded.catch((error) => {
      if (!(error instanceof KeyCompromised)) throw error;
      throw new TaskError(ErrorCode.certificate, 'The key is known to be compromised', 'badCSR');
    });
  }
}

const isOfNames = (error: unknown): boolean =>
  error instanceof TaskError && error.kind === 'rejectedIdentifier';

/** Limit of attempts for one certificate when issuers keep retiring. */
const MOST_TRIES = 4;

/** PEM of a certificate, unchecked; empty for a record that has only a serial. */
export function certificatePem(record: Pick<CertificateRecord, 'der'>): string {
  return record.der.length === 0 ? '' : toPem('CERTIFICATE', record.der);
}
