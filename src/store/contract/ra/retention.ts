/** Deletes what the RA needs no longer, a bounded number of rows at a time. */
export interface RaRetention {
  /**
   * Deletes at most `limit` each of: orders without a certificate that expired before `before`, with their
   * authorizations; and authorizations without an order that expired before it. Resolves with how many rows were
   * deleted.
   */
  purgeExpired(before: number, limit: number): Promise<number>;
  /**
   * Deletes orders that have their certificate, with their authorizations, when both expired before `before`;
   * examines only the oldest `limit`. Certificates are not deleted. Resolves with how many rows were deleted.
   */
  purgeFinished(before: number, limit: number): Promise<number>;
  /**
   * Deletes accounts that have had no certificate since before `before`, and have no order or authorization; examines
   * at most `limit`. Resolves with their ids. A revoked account is not deleted: its key must not create another.
   */
  purgeAccounts(before: number, limit: number): Promise<string[]>;
  /**
   * Deletes at most `limit` certificates that ended before `before` and whose order is deleted; resolves with how
   * many it found. An account without any certificate left counts as unused since the end of its last.
   */
  purgeCertificates(before: number, limit: number): Promise<number>;
  /**
   * How many rows there are to purge: certificates that ended, orders that expired, and accounts unused since before
   * these times. Takes time proportional to their number.
   */
  countPurgeable(before: {
    ended: number;
    expired: number;
    unused: number;
  }): Promise<{ certificates: number; orders: number; accounts: number }>;
}
