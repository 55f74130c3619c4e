/** How many certificates of a profile are in a state. Deleted ones count as revoked. */
export interface CertificateCount {
  profile: string;
  state: 'good' | 'revoked' | 'expired';
  count: number;
}

/** A certificate past the end of its renewal window (RFC 9773 §4.2), not revoked, without a later one that has all its names. */
export interface NotRenewed {
  /** Lower-case hex. */
  serial: string;
  cn: string;
  profile: string;
  /** The ACME account that ordered it; null for others. */
  accountId: string | null;
  identifiers: { type: string; value: string }[];
  notBefore: number;
  notAfter: number;
}

/**
 * What a CA counts. Nothing here costs work in proportion to the certificates kept: counts by state are kept beside them, one row
 * a profile and hour of end, and each certificate is looked at once when it passes its renewal window.
 */
export interface CaFigures {
  /** By profile and state; an end is known to the hour. */
  countCertificates(now: number): Promise<CertificateCount[]>;
  /** Not revoked, with their end from `from` to before `to`; both to the hour. */
  countEnding(from: number, to: number): Promise<number>;
  /** By profile. */
  countNotRenewed(now: number): Promise<{ profile: string; count: number }[]>;
  /** By serial; those whose end is long past are left out. `next` null: there are no more. */
  listNotRenewed(page: {
    after: string | null;
    limit: number;
    now: number;
  }): Promise<{ items: NotRenewed[]; next: string | null }>;
  /** Looks at the next certificates that passed their window, at most `limit`; how many it looked at. */
  findNotRenewed(now: number, limit: number): Promise<number>;
  /** Looks again at some that were not renewed, at most `limit`, each in its turn; forgets those that are, or ended long ago. */
  recheckNotRenewed(now: number, limit: number): Promise<number>;
  /** Adds up the counts of hours that are long over, by day. */
  foldCounts(now: number): Promise<void>;
}
