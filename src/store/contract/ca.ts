import type { AdminRole } from '../../model/administrators.js';
import type { Actor, AuditTrail } from './audit.js';
import type { CertificateQuery } from './certificate-query.js';
import type { CaCounts } from './figures.js';
import type { Leases } from './leases.js';
import type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from './registry.js';
import type { CaRetention } from './retention.js';

export type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from './registry.js';

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
  /** Empty for a certificate of another CA program that is known by its serial only (`upki migrate`). */
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
  /** Left out of listings from then on; still known by serial and order, still on the CRL. */
  deletedAt: number | null;
  /** `tag` of the authority that signed it; '' is the CA's first issuer. */
  issuer: string;
}

/**
 * A CA certificate of the set: a root, an issuer of certificates, or a cross-certificate (the key of one root certified by
 * another). What state one is in follows from these facts and the time.
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
  /** Id of the root whose key a cross-certificate is of; null for others. */
  of: string | null;
  /** A file in the CA's folder or a `pkcs11:` URI (RFC 7512); null: the key is not at this CA. */
  keyRef: string | null;
  /** The key, encrypted, for the other CAs on this store; null when they reach it by `keyRef`. */
  sealedKey: Uint8Array | null;
  addedAt: number;
  /** It issues certificates (a root: new issuers are under it) from then on; null: not yet, or never. */
  usedFrom: number | null;
  /** It issues no more since; its CRL and OCSP go on. A root: it is not given out any more. */
  retiredAt: number | null;
  /** The time from which its certificates should be replaced early. */
  renewFrom: number | null;
}

/** The facts of an authority that may change. */
export type AuthorityChange = Partial<
  Pick<AuthorityRecord, 'usedFrom' | 'retiredAt' | 'renewFrom' | 'keyRef' | 'sealedKey'>
>;

/** Listings by the state at `now`; a revoked certificate that also expired is `revoked`. */
export type CertificateState = 'good' | 'revoked' | 'expired';

export interface CertificateFilter {
  state?: CertificateState;
  /** Exactly this `cn`. */
  cn?: string;
  /** `notAfter` before this time. */
  expiresBefore?: number;
  /** Signed by the authority with this tag. */
  issuer?: string;
}

/** A page and where the next begins; `next` null: there is no more. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** A certificate's entry on a CRL (RFC 5280 §5.3). */
export interface RevokedEntry {
  serial: string;
  revokedAt: number;
  reason: number | null;
}

export interface StoredCrl {
  /** RFC 5280 §5.2.3. */
  number: number;
  der: Uint8Array;
  thisUpdate: number;
  nextUpdate: number;
}

export type DocumentKind = 'account' | 'order' | 'authorization';

/** A copy of an ACME object that an RA keeps at the CA; `body` is the RA's own JSON. */
export interface SyncedDocument {
  kind: DocumentKind;
  id: string;
  /** The account of an order, the order of an authorization; null for an account. */
  parentId: string | null;
  body: Record<string, unknown>;
}

/** The checks in the step that stores a certificate. */
interface RecordingConditions {
  /** Kept although its issuer has been retired: it was signed before, or signs OCSP responses. */
  evenRetired?: boolean;
  /** base64url SHA-256 of its SubjectPublicKeyInfo; unchecked when absent. */
  key?: string;
}

/**
 * What the CA keeps. Every method is one atomic step: it either happened, and is on disk before the promise
 * resolves, or did not happen. Reads see every write resolved before them. Rejects with StoreUnavailable (see
 * errors.ts) when nothing could be kept. Implemented by SQLite (and PostgreSQL); `test/store/contract` proves each.
 *
 * What changes who holds a good certificate or may use the CA appends to the audit log in the same step, when it changes
 * something: neither is kept without the other. `by` is who asked; the program itself when left out.
 */
export interface CaStore extends AuditTrail, CaCounts, CaRetention, Leases {
  // Certificates
  /**
   * Keeps a certificate, one an order: when `orderId` already has one, that one is returned with `created` false
   * and nothing is stored. Rejects with StoreConflict when the serial is taken, with IssuerRetired when its issuer has
   * been retired, unless `evenRetired`, with KeyCompromised when `key` is among the compromised ones.
   */
  recordCertificate(
    record: CertificateRecord,
    by?: Actor,
    unless?: RecordingConditions,
  ): Promise<{ certificate: CertificateRecord; created: boolean }>;
  findByOrder(orderId: string): Promise<CertificateRecord | null>;
  findBySerial(serial: string): Promise<CertificateRecord | null>;
  /** The certificate of this CN issued last, deleted ones left out. */
  findNewestByCn(cn: string): Promise<CertificateRecord | null>;
  /** Certificates of this CN, newest first, deleted ones left out. */
  listByCn(cn: string, limit: number): Promise<CertificateRecord[]>;
  /**
   * Certificates by serial, deleted ones left out. The work of a page is bounded: with a filter it may hold fewer
   * than `limit`, even none, while `next` is not null.
   */
  listCertificates(page: {
    after: string | null;
    limit: number;
    now: number;
    filter?: CertificateFilter;
  }): Promise<Page<CertificateRecord>>;
  /**
   * Certificates an operator looks for, deleted ones left out: the one that ends last first, with `expiresBefore` the one that
   * ends first, with a glob or a network by name. The work of a page is bounded as in `listCertificates`. Rejects with
   * RangeError for an `after` that is no `next`.
   */
  searchCertificates(page: {
    after: string | null;
    limit: number;
    now: number;
    query: CertificateQuery;
  }): Promise<Page<CertificateRecord>>;
  /**
   * `already`: it was revoked before; time and reason stay as they were. One on certificateHold gets any other reason, its time
   * stays. `compromisedKey` is the fingerprint of a key that is refused from then on: it is kept in the same step, also when
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
  /** Leaves it out of listings; false when unknown. Doing it again is no error and keeps the first time. */
  markDeleted(serial: string, at: number, by?: Actor): Promise<boolean>;

  // Authorities
  /** All of them, in the order they were added. */
  listAuthorities(): Promise<AuthorityRecord[]>;
  /**
   * Adds one, with room for its CRL; false, and nothing changes, when its id is there. With `instead`, only while that one
   * is not retired, which it then is from `addedAt` on: of several that want to succeed it, one does.
   */
  addAuthority(record: AuthorityRecord, instead: string | null, by?: Actor): Promise<boolean>;
  /** False when unknown. */
  changeAuthority(id: string, change: AuthorityChange, by?: Actor): Promise<boolean>;
  /** When the last certificate of an authority (by tag) ends; null: it has signed none. */
  lastCertificateEnd(issuer: string): Promise<number | null>;

  // CRLs (RFC 5280 §5), one an authority; `issuer` is its tag
  /** Revoked certificates with `notAfter` at or after `endedFrom`, in an order that new revocations do not disturb. */
  listRevoked(page: {
    issuer: string;
    after: string | null;
    limit: number;
    endedFrom: number;
  }): Promise<Page<RevokedEntry>>;
  /**
   * A CRL number no caller got before, greater than all given out so far (§5.2.3) and not less than `now`, so that numbers
   * rise also after an old copy of the store was put back.
   */
  allocateCrlNumber(issuer: string, now: number): Promise<number>;
  /**
   * True while this is the kept CRL and nothing was revoked, or taken off hold, since its number was given out: whatever
   * process did it.
   */
  isCrlCurrent(issuer: string, number: number): Promise<boolean>;
  /** Keeps it as the current CRL; false when the kept one has the same or a greater number, or there is no such issuer. */
  putCrl(issuer: string, crl: StoredCrl): Promise<boolean>;
  getCrl(issuer: string): Promise<StoredCrl | null>;

  // Nodes and administrators
  /** Registers, or replaces the registration of the same CN. */
  putNode(node: NodeRecord, by?: Actor): Promise<void>;
  getNode(cn: string): Promise<NodeRecord | null>;
  /** All nodes by CN, a page at a time. */
  listNodes(page: { after: string | null; limit: number }): Promise<Page<NodeRecord>>;
  removeNode(cn: string, by?: Actor): Promise<boolean>;
  /** False when there is an entry of this very text, which stays as it is. With `serial`, the entry covers that certificate from then on. */
  addAdmin(admin: AdministratorRecord, by?: Actor, serial?: string | null): Promise<boolean>;
  /**
   * An entry that covered every certificate of its name covers those of these serials from then on, besides what it was given. False
   * when there is no such entry.
   */
  bindAdmin(dn: string, serials: readonly string[], by?: Actor): Promise<boolean>;
  /** False when there is no such entry, or it has the role. */
  setAdminRole(dn: string, role: AdminRole, by?: Actor): Promise<boolean>;
  /** Forgets the entry and which certificates it covered. */
  removeAdmin(dn: string, by?: Actor): Promise<boolean>;
  /** In the order they were added. */
  listAdmins(): Promise<AdministratorRecord[]>;
  /** The entry that was given this certificate; null: none was. */
  findAdminBySerial(serial: string): Promise<AdministratorRecord | null>;
  /** Every certificate of profile `admin`, revoked and expired ones too, in the order of issuance. */
  listAdminCertificates(): Promise<CertificateRecord[]>;

  // Keys nobody may have a certificate for
  /** `fingerprint`: base64url SHA-256 of a SubjectPublicKeyInfo. */
  isCompromisedKey(fingerprint: string): Promise<boolean>;
  /** Fingerprints in the order they were learned; `after` is the `next` of an earlier page. Unlike other pages' it is never null. */
  listCompromisedKeys(page: { after: number; limit: number }): Promise<{ items: string[]; next: number }>;

  // Channel peers
  /** Admits a key, or admits it again with this role and CN; `serial` is the certificate of this registration. */
  admitPeer(
    peer: { publicKey: string; role: PeerRole; cn: string; addedAt: number; serial: string | null },
    by?: Actor,
  ): Promise<void>;
  /** Another certificate of a peer's registration, by renewal: whether the peer is shut out depends on it from then on. */
  addPeerCertificate(publicKey: string, serial: string): Promise<void>;
  /** The peer, whether or not revoked; null when never admitted. */
  findPeer(publicKey: string): Promise<PeerRecord | null>;
  /** All peers, revoked ones too, in the order they were admitted. */
  listPeers(): Promise<PeerRecord[]>;
  /** Shuts a key out; false when it is unknown or revoked already. */
  revokePeer(publicKey: string, at: number, by?: Actor): Promise<boolean>;

  // Copies of ACME objects
  /** @param at when it is kept, in ms since the epoch */
  putDocument(document: SyncedDocument, at: number): Promise<void>;
  getDocument(kind: DocumentKind, id: string): Promise<SyncedDocument | null>;
  /** Documents of a kind, by id; with `parentId` only its children. */
  listDocuments(
    kind: DocumentKind,
    page: { parentId?: string; after: string | null; limit: number },
  ): Promise<Page<SyncedDocument>>;

  /** Small named values. */
  getSetting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;
  /**
   * Makes a setting that no other method writes the JSON object `facts` with `count`, which is one more than it was. However many
   * count at once, each gets another number.
   */
  countSetting(name: string, facts: Record<string, number>): Promise<number>;
  /** Resolves when a write can be made durable right now (readiness). */
  ping(): Promise<void>;
  /** Finishes what was asked before, then lets go of the database. */
  close(): Promise<void>;
}
