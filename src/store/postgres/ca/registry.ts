import { NODE, type NodeRow, node, PEER, type PeerRow, peer } from '../../rows/ca/registry.js';
import type { registryOperations as rows } from '../../sqlite/ca/registry.js';
import { runAudited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';

/** Who may use the CA: nodes, administrators, and the channel's admitted keys. */

export const registryOperations: PostgresOperations<typeof rows> = {
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

  addAdmin: (db, dn, at, entry) =>
    runAudited(db, entry, 'INSERT INTO admins (dn, added_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', dn, at),
  removeAdmin: (db, dn, entry) => runAudited(db, entry, 'DELETE FROM admins WHERE dn = $1', dn),
  isAdmin: async (db, dn) => (await db.get('SELECT 1 FROM admins WHERE dn = $1', dn)) !== undefined,
  listAdmins: async (db) =>
    (await db.all<[dn: string]>('SELECT dn FROM admins ORDER BY seq')).map(([dn]) => dn),

  async admitPeer(db, publicKey, role, cn, addedAt, entry) {
    await runAudited(
      db,
      entry,
      `INSERT INTO peers (public_key, role, cn, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT (public_key) DO UPDATE
       SET role = excluded.role, cn = excluded.cn, added_at = excluded.added_at, revoked_at = NULL`,
      publicKey,
      role,
      cn,
      addedAt,
    );
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
