import type { AdminRole } from '../../../model/administrators.js';
import type { Page } from '../../contract/ca/certificates.js';
import type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from '../../contract/ca/registry.js';
import { all, audited, exists, get, run, type SharedOperations } from '../shared.js';

type NodeRow = [cn: string, profile: string, sans: string, registeredAt: number];
type PeerRow = [
  publicKey: string,
  role: string,
  cn: string,
  addedAt: number,
  serial: string | null,
  revokedAt: number | null,
];
type AdministratorRow = [dn: string, role: string, addedAt: number, byName: number];

const NODE = 'cn, profile, sans, registered_at';
const ADMINISTRATOR = 'dn, role, added_at, by_name';

/** A column of the certificate that a peer got last. */
const newest = (column: string) =>
  `(SELECT ${column} FROM peer_certificates AS held JOIN certificates AS c ON c.serial = held.serial
    WHERE held.public_key = peers.public_key ORDER BY held.seq DESC LIMIT 1)`;

const PEER = `public_key, role, cn, added_at, ${newest('c.serial')}, coalesce(revoked_at, ${newest('c.revoked_at')})`;

function node([cn, profile, sans, registeredAt]: NodeRow): NodeRecord {
  return { cn, profile, sans: JSON.parse(sans), registeredAt };
}

function peer([publicKey, role, cn, addedAt, serial, revokedAt]: PeerRow): PeerRecord {
  return { publicKey, role: role as PeerRole, cn, addedAt, serial, revokedAt };
}

function administrator([dn, role, addedAt, byName]: AdministratorRow): AdministratorRecord {
  return { dn, role: role as AdminRole, addedAt, byName: byName === 1 };
}

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */
export interface RegistryOperations {
  putNode(node: NodeRecord, entry: string): void;
  getNode(cn: string): NodeRecord | null;
  listNodes(after: string | null, limit: number): Page<NodeRecord>;
  removeNode(cn: string, entry: string): boolean;
  addAdmin(
    dn: string,
    role: 'admin' | 'auditor' | 'operator',
    addedAt: number,
    byName: number,
    serial: string | null,
    entry: string,
  ): boolean;
  setAdminRole(dn: string, role: 'admin' | 'auditor' | 'operator', entry: string): boolean;
  bindAdmin(dn: string, serials: string[], entry: string): boolean;
  removeAdmin(dn: string, entry: string): boolean;
  listAdmins(): AdministratorRecord[];
  findAdminBySerial(serial: string): AdministratorRecord | null;
  isCompromisedKey(fingerprint: string): boolean;
  listCompromisedKeys(after: number, limit: number): { items: string[]; next: number };
  admitPeer(
    publicKey: string,
    role: PeerRole,
    cn: string,
    addedAt: number,
    serial: string | null,
    entry: string,
  ): void;
  addPeerCertificate(publicKey: string, serial: string): void;
  findPeer(publicKey: string): PeerRecord | null;
  listPeers(): PeerRecord[];
  revokePeer(publicKey: string, at: number, entry: string): boolean;
}

export const shared = {
  reads: {
    *getNode(cn) {
      const row = yield* get<NodeRow>(`SELECT ${NODE} FROM nodes WHERE cn = $1`, cn);
      return row ? node(row) : null;
    },

    *listNodes(after, limit) {
      const rows = yield* all<NodeRow>(
        `SELECT ${NODE} FROM nodes WHERE cn > $1 ORDER BY cn LIMIT $2`,
        after ?? '',
        limit,
      );
      return { items: rows.map(node), next: rows.length < limit ? null : (rows.at(-1)?.[0] ?? null) };
    },

    *listAdmins() {
      const rows = yield* all<AdministratorRow>(`SELECT ${ADMINISTRATOR} FROM admins ORDER BY seq`);
      return rows.map(administrator);
    },

    *findAdminBySerial(serial) {
      const row = yield* get<AdministratorRow>(
        `SELECT ${ADMINISTRATOR} FROM admins WHERE dn = (SELECT dn FROM admin_certificates WHERE serial = $1)`,
        serial,
      );
      return row ? administrator(row) : null;
    },

    isCompromisedKey: (fingerprint) =>
      exists('SELECT 1 FROM compromised_keys WHERE fingerprint = $1', fingerprint),

    *listCompromisedKeys(after, limit) {
      const rows = yield* all<[position: number, fingerprint: string]>(
        'SELECT seq, fingerprint FROM compromised_keys WHERE seq > $1 ORDER BY seq LIMIT $2',
        after,
        limit,
      );
      return { items: rows.map(([, fingerprint]) => fingerprint), next: rows.at(-1)?.[0] ?? after };
    },

    *findPeer(publicKey) {
      const row = yield* get<PeerRow>(`SELECT ${PEER} FROM peers WHERE public_key = $1`, publicKey);
      return row ? peer(row) : null;
    },

    *listPeers() {
      const rows = yield* all<PeerRow>(`SELECT ${PEER} FROM peers ORDER BY seq`);
      return rows.map(peer);
    },
  },
  writes: {
    *putNode({ cn, profile, sans, registeredAt }, entry) {
      yield* audited(
        entry,
        `INSERT INTO nodes (${NODE}) VALUES ($1, $2, $3, $4) ON CONFLICT (cn) DO UPDATE
         SET profile = excluded.profile, sans = excluded.sans, registered_at = excluded.registered_at`,
        cn,
        profile,
        JSON.stringify(sans),
        registeredAt,
      );
    },

    removeNode: (cn, entry) => audited(entry, 'DELETE FROM nodes WHERE cn = $1', cn),

    setAdminRole: (dn, role, entry) =>
      audited(entry, 'UPDATE admins SET role = $2 WHERE dn = $1 AND role <> $2', dn, role),

    *addPeerCertificate(publicKey, serial) {
      yield* run('INSERT INTO peer_certificates (public_key, serial) VALUES ($1, $2)', publicKey, serial);
    },

    revokePeer: (publicKey, at, entry) =>
      audited(
        entry,
        'UPDATE peers SET revoked_at = $2 WHERE public_key = $1 AND revoked_at IS NULL',
        publicKey,
        at,
      ),
  },
} satisfies SharedOperations<RegistryOperations>;
