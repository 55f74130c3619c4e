import type { Actor } from '../audit.js';

/**
 * A CA certificate of the set: a root, an issuer of certificates, or a cross-certificate (the key of one root
 * certified by another). Its state follows from these facts and the time.
 */
export interface AuthorityRecord {
  /** Lower-case hex of the certificate's SHA-256, its first 20 digits; part of URLs. */
  id: string;
  kind: 'root' | 'issuer' | 'cross';
  /** The value of `issuer` in the records of its certificates: its id, or '' for the CA's first issuer. */
  tag: string;
  /** DER. */
  certificate: Uint8Array;
  /** PEM of the certificates between it and its root; empty when the root signed it. */
  chain: string;
  /** Id of the root it leads to: its own for a root, the signing one for a cross-certificate. */
  root: string;
  /** Id of the root whose key a cross-certificate certifies; null for others. */
  of: string | null;
  /** A file in the CA's folder or a `pkcs11:` URI (RFC 7512); null: the key is not at this CA. */
  keyRef: string | null;
  /** The key, encrypted, for the other CAs on this store; null when they reach it by `keyRef`. */
  sealedKey: Uint8Array | null;
  addedAt: number;
  /** It issues certificates from this time on (a root: new issuers are under it); null: not yet, or never. */
  usedFrom: number | null;
  /** From this time on it issues nothing; its CRL and OCSP continue. A retired root is not distributed any more. */
  retiredAt: number | null;
  /** The time from which its certificates should be replaced early. */
  renewFrom: number | null;
}

/** The facts of an authority that may change. */
export type AuthorityChange = Partial<
  Pick<AuthorityRecord, 'usedFrom' | 'retiredAt' | 'renewFrom' | 'keyRef' | 'sealedKey'>
>;

/** The roots, issuers and cross-certificates of the CA. */
export interface Authorities {
  /** All authorities, in the order they were added. */
  listAuthorities(): Promise<AuthorityRecord[]>;
  /**
   * Adds an authority, with a place for its CRL; false, and nothing changes, when its id exists. `instead` names the
   * authority that it succeeds, which retires at `addedAt`; false when that one is retired already. So of several
   * concurrent successors, one is added.
   */
  addAuthority(record: AuthorityRecord, instead: string | null, by?: Actor): Promise<boolean>;
  /** False when unknown. */
  changeAuthority(id: string, change: AuthorityChange, by?: Actor): Promise<boolean>;
  /** When the last certificate of an authority (by tag) ends; null: it has signed none. */
  lastCertificateEnd(issuer: string): Promise<number | null>;
}
