import type { RegistryOperations } from '../../rows/ca/operations.js';
import {
  ADMINISTRATOR,
  type AdministratorRow,
  administrator,
  NODE,
  type NodeRow,
  node,
  type PeerRow,
  peer,
  peerColumns,
} from '../../rows/ca/registry.js';
import { audited, runAudited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */

const PEER = peerColumns('seq');

export const registryOperations: PostgresOperations<RegistryOperations> = {
  async putNode(db, { cn, profile, sans, registeredAt }, entry) {
    await runAudited(
      db,
      entry,
      `INSERT INTO nodes (${NODE}) VALUES ($1, $2, $3, $4) ON CONFLICT (cn) DO UPDATE
       SET profile = excluded.profile, sans = excluded.sans, registered_at = excluded.registered_at`,
      cn,
      profile,
      JSON.stringify(sans),
      registeredAt,
    );
  },
  async getNode(db, cn) {
    const row = await db.get<NodeRow>(`SELECT ${NODE} FROM nodes WHERE cn = $1`, cn);
    return row ? node(row) : null;
  },
  async listNodes(db, after, limit) {
    const found = await db.all<NodeRow>(
      `SELECT ${NODE} FROM nodes WHERE cn > $1 ORDER BY cn LIMIT $2`,
      after ?? '',
      limit,
    );
    return { items: found.map(node), next: found.length < limit ? null : (found.at(-1)?.[0] ?? null) };
  },
  removeNode: (db, cn, entry) => runAudited(db, entry, 'DELETE FROM nodes WHERE cn = $1', cn),

  async addAdmin(db, dn, role, addedAt, byName, serial, entry) {
    const row = await db.get<[added: boolean]>(
      `WITH added AS (
         INSERT INTO admins (dn, role, added_at, by_name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1
       ),
       held AS (
         INSERT INTO admin_certificates (serial, dn) SELECT $5::text, $1 WHERE $5::text IS NOT NULL
       ),
       ${audited('added', '$6')}
       SELECT EXISTS (SELECT FROM added)`,
      dn,
      role,
      addedAt,
      byName,
      serial,
      entry,
    );
    return row?.[0] ?? false;
  },
  setAdminRole: (db, dn, role, entry) =>
    runAudited(db, entry, 'UPDATE admins SET role = $2 WHERE dn = $1 AND role <> $2', dn, role),
  async bindAdmin(db, dn, serials, entry) {
    const row = await db.get<[bound: boolean]>(
      `WITH bound AS (UPDATE admins SET by_name = 0 WHERE dn = $1 AND by_name = 1 RETURNING 1),
       held AS (
         INSERT INTO admin_certificates (serial, dn)
         SELECT unnest($2::text[]), $1 FROM bound ON CONFLICT DO NOTHING
       ),
       ${audited('bound', '$3')}
       SELECT EXISTS (SELECT FROM bound)`,
      dn,
      serials,
      entry,
    );
    return row?.[0] ?? false;
  },
  async removeAdmin(db, dn, entry) {
    const row = await db.get<[removed: boolean]>(
      `WITH removed AS (DELETE FROM admins WHERE dn = $1 RETURNING 1),
       held AS (DELETE FROM admin_certificates WHERE dn = $1),
       ${audited('removed', '$2')}
       SELECT EXISTS (SELECT FROM removed)`,
      dn,
      entry,
    );
    return row?.[0] ?? false;
  },
  listAdmins: async (db) =>
    (await db.all<AdministratorRow>(`SELECT ${ADMINISTRATOR} FROM admins ORDER BY seq`)).map(administrator),
  async findAdminBySerial(db, serial) {
    const row = await db.get<AdministratorRow>(
      `SELECT ${ADMINISTRATOR} FROM admins WHERE dn = (SELECT dn FROM admin_certificates WHERE serial = $1)`,
      serial,
    );
    return row ? administrator(row) : null;
  },

  isCompromisedKey: async (db, fingerprint) =>
    (await db.get('SELECT 1 FROM compromised_keys WHERE fingerprint = $1', fingerprint)) !== undefined,
  async listCompromisedKeys(db, after, limit) {
    const found = await db.all<[seq: number, fingerprint: string]>(
      'SELECT seq, fingerprint FROM compromised_keys WHERE seq > $1 ORDER BY seq LIMIT $2',
      after,
      limit,
    );
    return { items: found.map(([, fingerprint]) => fingerprint), next: found.at(-1)?.[0] ?? after };
  },

  async admitPeer(db, publicKey, role, cn, addedAt, serial, entry) {
    await db.get(
      `WITH admitted AS (
         INSERT INTO peers (public_key, role, cn, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT (public_key) DO UPDATE
         SET role = excluded.role, cn = excluded.cn, added_at = excluded.added_at, revoked_at = NULL RETURNING 1
       ),
       held AS (
         INSERT INTO peer_certificates (public_key, serial) SELECT $1, $5::text WHERE $5::text IS NOT NULL
       ),
       ${audited('admitted', '$6')}
       SELECT EXISTS (SELECT FROM admitted)`,
      publicKey,
      role,
      cn,
      addedAt,
      serial,
      entry,
    );
  },
  async addPeerCertificate(db, publicKey, serial) {
    await db.run('INSERT INTO peer_certificates (public_key, serial) VALUES ($1, $2)', publicKey, serial);
  },
  async findPeer(db, publicKey) {
    const row = await db.get<PeerRow>(`SELECT ${PEER} FROM peers WHERE public_key = $1`, publicKey);
    return row ? peer(row) : null;
  },
  listPeers: async (db) => (await db.all<PeerRow>(`SELECT ${PEER} FROM peers ORDER BY seq`)).map(peer),
  revokePeer: (db, publicKey, at, entry) =>
    runAudited(
      db,
      entry,
      'UPDATE peers SET revoked_at = $2 WHERE public_key = $1 AND revoked_at IS NULL',
      publicKey,
      at,
    ),
};
