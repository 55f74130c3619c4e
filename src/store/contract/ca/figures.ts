/** How many certificates of a profile are in a state. Deleted ones count as revoked. */
export interface CertificateCount {
  profile: string;
  state: 'good' | 'revoked' | 'expired';
  count: number;
}

/**
 * A certificate past the end of its renewal window (RFC 9773 §4.2), not revoked, without a later one that has all its
 * names.
 */
export interface NotRenewed {
  /** Lower-case hex. */
  serial: string;
  cn: string;
  profile: string;
  /** The ACME account that ordered it; null when no account did. */
  accountId: string | null;
  identifiers: { type: string; value: string }[];
  notBefore: number;
  notAfter: number;
}

/**
 * The CA's counts. None of them costs work proportional to the stored certificates: counts by state are kept
 * in rows, one per profile and hour of end, and each certificate is examined once when it passes its renewal
 * window.
 */
export interface CaCounts {
  /** Counts by profile and state; ends are known to the hour. */
  countCertificates(now: number): Promise<CertificateCount[]>;
  /** Certificates that are not revoked and end from `from` to before `to`, both to the hour. */
  countEnding(from: number, to: number): Promise<number>;
  /** By profile. */
  countNotRenewed(now: number): Promise<{ profile: string; count: number }[]>;
  /** In order of serials, without those that expired long ago. `next` is null on the last page. */
  listNotRenewed(page: {
    after: string | null;
    limit: number;
    now: number;
  }): Promise<{ items: NotRenewed[]; next: string | null }>;
  /** Examines at most `limit` certificates that passed their window since; resolves with how many. */
  findNotRenewed(now: number, limit: number): Promise<number>;
  /**
   * Examines again at most `limit` that were not renewed, in turn; removes those that are renewed now, or
   * ended long ago.
   */
  recheckNotRenewed(now: number, limit: number): Promise<number>;
  /** Adds up the counts of hours long past, by day. */
  foldCounts(now: number): Promise<void>;
}
