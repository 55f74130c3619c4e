import type { NodeRecord, Page, PeerRecord, PeerRole } from '../../contract/ca.js';
import { NODE, type NodeRow, node, PEER, type PeerRow, peer } from '../../rows/ca/registry.js';
import { runAudited } from '../audit.js';
import { read, write } from '../protocol.js';

/** Who may use the CA: nodes, administrators, and the channel's admitted keys. */

export const registryOperations = {
  putNode: write((sql, { cn, profile, sans, registeredAt }: NodeRecord, entry: string): void => {
    runAudited(
      sql,
      entry,
      `INSERT INTO nodes (${NODE}) VALUES (?, ?, ?, ?) ON CONFLICT (cn) DO UPDATE
       SET profile = excluded.profile, sans = excluded.sans, registered_at = excluded.registered_at`,
      cn,
      profile,
      JSON.stringify(sans),
      registeredAt,
    );
  }),
  getNode: read((sql, cn: string): NodeRecord | null => {
    const row = sql.get<NodeRow>(`SELECT ${NODE} FROM nodes WHERE cn = ?`, cn);
    return row ? node(row) : null;
  }),
  listNodes: read((sql, after: string | null, limit: number): Page<NodeRecord> => {
    const rows = sql.all<NodeRow>(
      `SELECT ${NODE} FROM nodes WHERE cn > ? ORDER BY cn LIMIT ?`,
      after ?? '',
      limit,
    );
    return { items: rows.map(node), next: rows.length < limit ? null : (rows.at(-1)?.[0] ?? null) };
  }),
  removeNode: write((sql, cn: string, entry: string): boolean =>
    runAudited(sql, entry, 'DELETE FROM nodes WHERE cn = ?', cn),
  ),

  addAdmin: write((sql, dn: string, at: number, entry: string): boolean =>
    runAudited(sql, entry, 'INSERT INTO admins (dn, added_at) VALUES (?, ?) ON CONFLICT DO NOTHING', dn, at),
  ),
  removeAdmin: write((sql, dn: string, entry: string): boolean =>
    runAudited(sql, entry, 'DELETE FROM admins WHERE dn = ?', dn),
  ),
  isAdmin: read((sql, dn: string): boolean => sql.get('SELECT 1 FROM admins WHERE dn = ?', dn) !== undefined),
  listAdmins: read((sql): string[] =>
    sql.all<[dn: string]>('SELECT dn FROM admins ORDER BY rowid').map(([dn]) => dn),
  ),

  admitPeer: write(
    (sql, publicKey: string, role: PeerRole, cn: string, addedAt: number, entry: string): void => {
      runAudited(
        sql,
        entry,
        `INSERT INTO peers (public_key, role, cn, added_at) VALUES (?, ?, ?, ?) ON CONFLICT (public_key) DO UPDATE
       SET role = excluded.role, cn = excluded.cn, added_at = excluded.added_at, revoked_at = NULL`,
        publicKey,
        role,
        cn,
        addedAt,
      );
    },
  ),
  findPeer: read((sql, publicKey: string): PeerRecord | null => {
    const row = sql.get<PeerRow>(`SELECT ${PEER} FROM peers WHERE public_key = ?`, publicKey);
    return row ? peer(row) : null;
  }),
  listPeers: read((sql): PeerRecord[] =>
    sql.all<PeerRow>(`SELECT ${PEER} FROM peers ORDER BY rowid`).map(peer),
  ),
  revokePeer: write((sql, publicKey: string, at: number, entry: string): boolean =>
    runAudited(
      sql,
      entry,
      'UPDATE peers SET revoked_at = ? WHERE public_key = ? AND revoked_at IS NULL',
      at,
      publicKey,
    ),
  ),
};
