import type { AdminRole } from '../../../model/administrators.js';
import type { Actor } from '../audit.js';
import type { Page } from './certificates.js';

/** The users of the CA. Times are milliseconds since the epoch. */

/** A registered node; its certificate is the newest of its CN. */
export interface NodeRecord {
  cn: string;
  profile: string;
  sans: { type: string; value: string }[];
  registeredAt: number;
}

export type PeerRole = 'ra' | 'admin';

/** A client admitted to the operations socket by its CURVE public key. */
export interface PeerRecord {
  /** Z85, 40 characters. */
  publicKey: string;
  role: PeerRole;
  cn: string;
  addedAt: number;
  /**
   * The newest certificate of its registration; null for one admitted by a version that did not record it.
   */
  serial: string | null;
  /**
   * Since when it is not admitted: because it was revoked itself, or because that certificate is revoked or
   * on hold.
   */
  revokedAt: number | null;
}

/** An entry of the list of administrators. */
export interface AdministratorRecord {
  /** The name as it was entered: a DN in either notation, or a bare common name. */
  dn: string;
  role: AdminRole;
  addedAt: number;
  /**
   * True when it covers every administrator's certificate of its name, as entries did before they were tied
   * to certificates; else it covers only those made for it.
   */
  byName: boolean;
}

/** The users of the CA: nodes, administrators and channel peers; and compromised keys. */
export interface Registry {
  /** Registers a node, or replaces the registration of the same CN. */
  putNode(node: NodeRecord, by?: Actor): Promise<void>;
  getNode(cn: string): Promise<NodeRecord | null>;
  /** All nodes by CN, a page at a time. */
  listNodes(page: { after: string | null; limit: number }): Promise<Page<NodeRecord>>;
  removeNode(cn: string, by?: Actor): Promise<boolean>;
  /**
   * Adds an entry; false when an entry with exactly this DN exists, which does not change. With `serial`, the entry
   * covers that certificate from then on.
   */
  addAdmin(admin: AdministratorRecord, by?: Actor, serial?: string | null): Promise<boolean>;
  /**
   * Limits an entry that covered every certificate of its name to these serials, and those added to it before. False
   * when there is no such entry.
   */
  bindAdmin(dn: string, serials: readonly string[], by?: Actor): Promise<boolean>;
  /** False when the entry does not exist, or has the role already. */
  setAdminRole(dn: string, role: AdminRole, by?: Actor): Promise<boolean>;
  /** Deletes the entry and the list of certificates that it covered. */
  removeAdmin(dn: string, by?: Actor): Promise<boolean>;
  /** In the order they were added. */
  listAdmins(): Promise<AdministratorRecord[]>;
  /** The entry that lists this certificate, else null. */
  findAdminBySerial(serial: string): Promise<AdministratorRecord | null>;

  /** Whether no certificate may be issued for a key. `fingerprint`: base64url SHA-256 of a SubjectPublicKeyInfo. */
  isCompromisedKey(fingerprint: string): Promise<boolean>;
  /**
   * Fingerprints in the order they were learned; `after` is the `next` of an earlier page. Unlike in other pages, it
   * is never null.
   */
  listCompromisedKeys(page: { after: number; limit: number }): Promise<{ items: string[]; next: number }>;

  /**
   * Admits a channel peer's key, or admits it again with this role and CN; `serial` is the certificate of this
   * registration.
   */
  admitPeer(
    peer: { publicKey: string; role: PeerRole; cn: string; addedAt: number; serial: string | null },
    by?: Actor,
  ): Promise<void>;
  /** Another certificate of a peer's registration, by renewal. Its revocation shuts the peer out from then on. */
  addPeerCertificate(publicKey: string, serial: string): Promise<void>;
  /** The peer, whether or not revoked; null when never admitted. */
  findPeer(publicKey: string): Promise<PeerRecord | null>;
  /** All peers, also revoked ones, in the order they were admitted. */
  listPeers(): Promise<PeerRecord[]>;
  /** Shuts a key out; false when it is unknown or revoked already. */
  revokePeer(publicKey: string, at: number, by?: Actor): Promise<boolean>;
}
