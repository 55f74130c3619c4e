/** A certificate as it is kept, for whoever can tell whether it is what was issued. */
export interface StoredCertificate {
  serial: string;
  /** JSON of its names. */
  identifiers: string;
  /** DER at the CA, PEM of the chain at the RA. */
  content: Uint8Array | string;
  /** base64url SHA-256 of the leaf's DER; null at the CA, whose signature tells. */
  fingerprint: string | null;
}

/** A store opened for looking at it alone: nothing is written, and a program may go on beside it. */
export interface CheckedStore {
  /** What the database finds wrong with itself, at most `limit`; empty when nothing is. */
  complaints(limit: number): Promise<string[]>;
  /** Every certificate. @throws Error of the database where it cannot be read */
  certificates(): AsyncIterable<StoredCertificate>;
  /** DER of the CA's own certificates; none at the RA. */
  authorities(): Promise<Uint8Array[]>;
  close(): Promise<void>;
}
