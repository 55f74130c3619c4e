/** Deletes what the CA needs no longer, a bounded number of rows at a time. */
export interface CaRetention {
  /**
   * Deletes at most `limit` certificates that ended before `before`, with their names; resolves with how many. Keys
   * of certificates revoked for keyCompromise are still refused. Three kinds are not deleted: a revoked certificate
   * before its issuer has a CRL made after its end (RFC 5280 §3.3), the newest certificate of a channel peer's
   * registration, and a revoked certificate of an administrator, whose key must not be used again.
   */
  purgeCertificates(before: number, limit: number): Promise<number>;
  /**
   * Deletes at most `limit` copies of orders and authorizations last stored before `before`; resolves with how many.
   */
  purgeDocuments(before: number, limit: number): Promise<number>;
  /** How many rows of both there are to delete. Takes time proportional to their number. */
  countPurgeable(before: number): Promise<{ certificates: number; documents: number }>;
}
