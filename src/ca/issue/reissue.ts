import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import type { CertificateNames, SubjectName } from '../../x509/certificate-names.js';
import type { PublicKeyInfo } from '../../x509/spki.js';
import type { Certifier } from './certifier.js';
import { checkEntitled, type Entitlement } from './entitlement.js';

/** A request that is repeated within this time gets the same certificate: longer than a client waits for an answer. In ms. */
const SAME_REQUEST = 10 * 60_000;
/** Limit of certificates of one name that are searched for it. */
const RECENT = 20;

/**
 * Issues certificates with the names and profile of an existing one for another key; the existing one stays
 * valid. The names come from the CA's record, never from the CSR.
 */
export class Reissuer {
  readonly #making = new Map<string, Promise<CertificateRecord>>();

  constructor(private readonly certifier: Certifier) {}

  /** A request with the same key within SAME_REQUEST gets the same certificate. @throws TaskError when `old` is not good */
  async reissue(
    old: CertificateRecord,
    publicKey: PublicKeyInfo,
    by: Actor,
    entitlement: Entitlement,
  ): Promise<CertificateRecord> {
    refuseEnded(old, this.certifier.clock());
    refuseOrdered(old);
    checkEntitled(old.profile, old.cn, entitlement);
    const key = `${old.serial} ${publicKey.spki.toString('base64')}`;
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    const made = this.#make(old, publicKey, by, entitlement).finally(() => this.#making.delete(key));
    this.#making.set(key, made);
    return made;
  }

  async #make(
    old: CertificateRecord,
    publicKey: PublicKeyInfo,
    by: Actor,
    entitlement: Entitlement,
  ): Promise<CertificateRecord> {
    const { certifier } = this;
    certifier.intact(old);
    const since = Math.max(old.issuedAt, certifier.clock() - SAME_REQUEST);
    const recent = await certifier.store.listByCn(old.cn, RECENT);
    const made = recent.find(
      (each) =>
        each.serial !== old.serial &&
        each.issuedAt >= since &&
        each.revokedAt === null &&
        each.profile === old.profile &&
        each.der.length > 0 &&
        sameNames(each, old) &&
        parseCertificate(each.der).spki.equals(publicKey.spki),
    );
    if (made !== undefined) return made;
    const profile = certifier.leafProfile(old.profile);
    return (await certifier.issue({ profile, publicKey, names: namesOf(old), by, entitlement })).certificate;
  }
}

/**
 * The names of an issued certificate, for the next one.
 * @throws TaskError for an imported record that has only a serial
 */
export function namesOf(record: CertificateRecord): CertificateNames {
  if (record.der.length === 0) {
    throw new TaskError(ErrorCode.certificate, `Certificate is known by its serial only: ${record.serial}`);
  }
  const names = record.identifiers as SubjectName[];
  const { commonName } = parseCertificate(record.der);
  // Subjects of older versions may have an address.
  const isAddress = names.some(({ type, value }) => type === 'ip' && value === commonName);
  return { commonName: isAddress ? null : commonName, names };
}

/** @throws TaskError unless the certificate is neither revoked nor expired */
function refuseEnded(record: CertificateRecord, now: number): void {
  refuseRevoked(record);
  if (record.notAfter < now) {
    throw new TaskError(ErrorCode.certificate, `Certificate has expired: ${record.cn}`);
  }
}

/** @throws TaskError */
export function refuseRevoked(record: CertificateRecord): void {
  if (record.revokedAt === null) return;
  throw new TaskError(ErrorCode.certificate, `Certificate is revoked: ${record.cn}`, 'alreadyRevoked');
}

/** Ids of node enrolments begin with `node:`. @throws TaskError for a certificate issued over ACME */
function refuseOrdered({ orderId, cn }: CertificateRecord): void {
  if (orderId === null || orderId.startsWith('node:')) return;
  throw new TaskError(ErrorCode.certificate, `Certificate was got over ACME: renew ${cn} there`, 'forbidden');
}

function sameNames(one: CertificateRecord, other: CertificateRecord): boolean {
  const key = ({ identifiers }: CertificateRecord) =>
    identifiers
      .map(({ type, value }) => `${type}:${value}`)
      .sort()
      .join();
  return one.cn === other.cn && key(one) === key(other);
}
