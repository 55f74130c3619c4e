import type { Actor } from '../audit.js';
import type { CertificateQuery } from './certificate-query.js';

/** A certificate the CA signed. Times are milliseconds since the epoch. */
export interface CertificateRecord {
  /** Lower-case hex, even length, no `00` prefix but for a sign byte. */
  serial: string;
  /** Its name for people: the CN, or the first identifier of a certificate without one. */
  cn: string;
  /** The whole subject, as the program prints DNs. */
  dn: string;
  profile: string;
  /** The subject alternative names, in certificate order. */
  identifiers: { type: string; value: string }[];
  /** Empty for a certificate of another CA program of which only the serial is known (`upki migrate`). */
  der: Uint8Array;
  notBefore: number;
  notAfter: number;
  /** The ACME order it was issued for, else null. */
  orderId: string | null;
  accountId: string | null;
  issuedAt: number;
  revokedAt: number | null;
  /** RFC 5280 §5.3.1 reason code, when revoked with one. */
  reason: number | null;
  /** Absent from listings from this time on; still found by serial and order, still on the CRL. */
  deletedAt: number | null;
  /** `tag` of the authority that signed it; '' is the CA's first issuer. */
  issuer: string;
}

/** The states at `now`, for listings; a revoked certificate that also expired is `revoked`. */
type CertificateState = 'good' | 'revoked' | 'expired';

export interface CertificateFilter {
  state?: CertificateState;
  /** Exactly this `cn`. */
  cn?: string;
  /** `notAfter` before this time. */
  expiresBefore?: number;
  /** Signed by the authority with this tag. */
  issuer?: string;
}

/** A page, and where the next one begins; `next` is null on the last page. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** The checks in the step that stores a certificate. */
interface RecordingConditions {
  /** Stored although its issuer is retired: it was signed before, or signs OCSP responses. */
  evenRetired?: boolean;
  /** base64url SHA-256 of its SubjectPublicKeyInfo; unchecked when absent. */
  key?: string;
}

/** The certificates that the CA issued. */
export interface CertificateRecords {
  /**
   * Stores a certificate, one per order: when `orderId` already has one, returns that one with `created` false and
   * stores nothing. Rejects with StoreConflict when the serial is taken, with IssuerRetired when its issuer is
   * retired (unless `evenRetired`), with KeyCompromised when `key` is compromised.
   */
  recordCertificate(
    record: CertificateRecord,
    by?: Actor,
    unless?: RecordingConditions,
  ): Promise<{ certificate: CertificateRecord; created: boolean }>;
  findByOrder(orderId: string): Promise<CertificateRecord | null>;
  findBySerial(serial: string): Promise<CertificateRecord | null>;
  /** The certificate of this CN issued last, without deleted ones. */
  findNewestByCn(cn: string): Promise<CertificateRecord | null>;
  /** Certificates of this CN, newest first, without deleted ones. */
  listByCn(cn: string, limit: number): Promise<CertificateRecord[]>;
  /**
   * Certificates by serial, without deleted ones. The work of a page is bounded: with a filter it may have fewer than
   * `limit` items, or none, although `next` is not null.
   */
  listCertificates(page: {
    after: string | null;
    limit: number;
    now: number;
    filter?: CertificateFilter;
  }): Promise<Page<CertificateRecord>>;
  /**
   * Certificates that an operator searches for, without deleted ones. The one that ends last comes first; with
   * `expiresBefore`, the one that ends first; with a glob or a network, in order of names. The work of a page is
   * bounded as in `listCertificates`. Rejects with RangeError for an `after` that is not a `next`.
   */
  searchCertificates(page: {
    after: string | null;
    limit: number;
    now: number;
    query: CertificateQuery;
  }): Promise<Page<CertificateRecord>>;
  /**
   * Revokes a certificate. `already`: it was revoked before; time and reason do not change. Two changes of the reason are
   * a revocation, which keeps the time: from certificateHold to any other, and from any other to keyCompromise.
   * `compromisedKey` is the fingerprint of a key that is refused from then on; it is stored in the same step, also when
   * the certificate was revoked already.
   */
  revoke(
    serial: string,
    at: number,
    reason: number | null,
    by?: Actor,
    compromisedKey?: string | null,
  ): Promise<'revoked' | 'already' | 'unknown'>;
  /** Takes a certificate off certificateHold (RFC 5280 §5.3.1, code 6); false when it is not on hold. */
  unrevoke(serial: string, by?: Actor): Promise<boolean>;
  /** Removes a certificate from listings; false when unknown. Idempotent: repeating it keeps the first time. */
  markDeleted(serial: string, at: number, by?: Actor): Promise<boolean>;
  /** Every certificate of profile `admin`, also revoked and expired ones, in the order of issuance. */
  listAdminCertificates(): Promise<CertificateRecord[]>;
}
