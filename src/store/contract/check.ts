/** A stored certificate, for checking whether it is what was issued. */
export interface StoredCertificate {
  serial: string;
  /** JSON of its names. */
  identifiers: string;
  /** DER at the CA, PEM of the chain at the RA. */
  content: Uint8Array | string;
  /** base64url SHA-256 of the leaf's DER; null at the CA, which verifies its own signature. */
  fingerprint: string | null;
}

/** A store opened only for checking: nothing is written, and a program may use it meanwhile. */
export interface CheckedStore {
  /** At most `limit` faults that the database finds in itself; empty when there are none. */
  complaints(limit: number): Promise<string[]>;
  /** Every certificate. @throws Error of the database where it cannot be read */
  certificates(): AsyncIterable<StoredCertificate>;
  /** DER of the CA's own certificates; none at the RA. */
  authorities(): Promise<Uint8Array[]>;
  close(): Promise<void>;
}
