/** Deletes what a CA has kept long enough, a bounded number of rows at a time. */
export interface CaRetention {
  /**
   * Deletes at most `limit` certificates that ended before `before`, with their names; how many. Keys of those revoked for
   * keyCompromise stay refused. Kept are: a revoked one until its issuer's CRL was made after its end (RFC 5280 §3.3), the newest of
   * a channel peer's registration, and an administrator's that was revoked, whose key makes no other.
   */
  purgeCertificates(before: number, limit: number): Promise<number>;
  /** Deletes at most `limit` copies of orders and authorizations that were last kept before `before`; how many. */
  purgeDocuments(before: number, limit: number): Promise<number>;
  /** How many rows of both there are to delete. Takes time proportional to their number. */
  countPurgeable(before: number): Promise<{ certificates: number; documents: number }>;
}
