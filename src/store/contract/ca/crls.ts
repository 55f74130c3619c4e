import type { Page } from './certificates.js';

/** A certificate's entry on a CRL (RFC 5280 §5.3). */
export interface RevokedEntry {
  serial: string;
  revokedAt: number;
  reason: number | null;
}

/** A certificate whose entry changed: what is listed now, or null when it is on no CRL. */
export interface ChangedEntry {
  serial: string;
  /** The last CRL number that was allocated before the change. */
  number: number;
  entry: RevokedEntry | null;
}

/** The fields of a CRL without its entries. */
export interface CrlHead {
  /** RFC 5280 §5.2.3. */
  number: number;
  thisUpdate: number;
  nextUpdate: number;
}

export interface StoredCrl extends CrlHead {
  der: Uint8Array;
}

/** CRLs (RFC 5280 §5), one per authority; `issuer` is the authority's tag. */
export interface Crls {
  /**
   * Revoked certificates with `notAfter` at or after `endedFrom`, in an order that new revocations do not disturb.
   */
  listRevoked(page: {
    issuer: string;
    after: string | null;
    limit: number;
    endedFrom: number;
  }): Promise<Page<RevokedEntry>>;
  /**
   * The certificates that were revoked, or taken off hold, since this allocation of a number. Every change that was not committed
   * before the allocation is among them, whichever program made it. Null when that cannot be known or is too much: the allocation
   * is not in the store (it is hours old, or was lost with the last transactions of a database), or there are more than `limit`
   * changes.
   */
  listChanged(since: {
    issuer: string;
    number: number;
    allocation: string;
    limit: number;
    endedFrom: number;
  }): Promise<ChangedEntry[] | null>;
  /**
   * Allocates a CRL number: unique, greater than all numbers before it (§5.2.3), and not less than `now`, so that
   * numbers rise also after an old copy of the store was restored. What changes from then on is noted; `allocation` is a name of
   * its own, by which it is found.
   */
  allocateCrlNumber(issuer: string, now: number, allocation?: string): Promise<number>;
  /**
   * True while the CRL of this number is the stored one, and no process has revoked a certificate, or taken one off
   * hold, since the number was allocated.
   */
  isCrlCurrent(issuer: string, number: number): Promise<boolean>;
  /** Stores the current CRL; false when the stored one has the same or a greater number, or the issuer is unknown. */
  putCrl(issuer: string, crl: StoredCrl): Promise<boolean>;
  getCrl(issuer: string): Promise<StoredCrl | null>;
  /** The same without its DER, which may have megabytes. */
  getCrlHead(issuer: string): Promise<CrlHead | null>;
  /** The stored CRL, if it is current as of `isCrlCurrent`. */
  getCurrentCrl(issuer: string): Promise<StoredCrl | null>;
}
