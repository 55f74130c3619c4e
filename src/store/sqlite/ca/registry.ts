import type { AdministratorRecord, NodeRecord, Page, PeerRecord, PeerRole } from '../../contract/ca.js';
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
import { runAudited } from '../audit.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import type { Sql } from '../sql.js';

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */

const PEER = peerColumns('rowid');

function addPeerCertificate(sql: Sql, publicKey: string, serial: string): void {
  sql.run('INSERT INTO peer_certificates (public_key, serial) VALUES (?, ?)', publicKey, serial);
}

/** @param fingerprint base64url SHA-256 of a SubjectPublicKeyInfo */
export function isCompromised(sql: Sql, fingerprint: string): boolean {
  return sql.get('SELECT 1 FROM compromised_keys WHERE fingerprint = ?', fingerprint) !== undefined;
}

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

  addAdmin: write(
    (
      sql,
      dn: string,
      role: AdministratorRecord['role'],
      addedAt: number,
      byName: number,
      serial: string | null,
      entry: string,
    ): boolean => {
      const added = runAudited(
        sql,
        entry,
        'INSERT INTO admins (dn, role, added_at, by_name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        dn,
        role,
        addedAt,
        byName,
      );
      if (serial !== null) sql.run('INSERT INTO admin_certificates (serial, dn) VALUES (?, ?)', serial, dn);
      return added;
    },
  ),
  setAdminRole: write((sql, dn: string, role: AdministratorRecord['role'], entry: string): boolean =>
    runAudited(sql, entry, 'UPDATE admins SET role = ? WHERE dn = ? AND role <> ?', role, dn, role),
  ),
  bindAdmin: write((sql, dn: string, serials: string[], entry: string): boolean => {
    const bound = runAudited(sql, entry, 'UPDATE admins SET by_name = 0 WHERE dn = ? AND by_name = 1', dn);
    if (!bound) return false;
    for (const serial of serials) {
      sql.run('INSERT INTO admin_certificates (serial, dn) VALUES (?, ?) ON CONFLICT DO NOTHING', serial, dn);
    }
    return true;
  }),
  removeAdmin: write((sql, dn: string, entry: string): boolean => {
    sql.run('DELETE FROM admin_certificates WHERE dn = ?', dn);
    return runAudited(sql, entry, 'DELETE FROM admins WHERE dn = ?', dn);
  }),
  listAdmins: read((sql): AdministratorRecord[] =>
    sql.all<AdministratorRow>(`SELECT ${ADMINISTRATOR} FROM admins ORDER BY rowid`).map(administrator),
  ),
  findAdminBySerial: read((sql, serial: string): AdministratorRecord | null => {
    const row = sql.get<AdministratorRow>(
      `SELECT ${ADMINISTRATOR} FROM admins WHERE dn = (SELECT dn FROM admin_certificates WHERE serial = ?)`,
      serial,
    );
    return row ? administrator(row) : null;
  }),

  isCompromisedKey: read(isCompromised),
  listCompromisedKeys: read((sql, after: number, limit: number): { items: string[]; next: number } => {
    const rows = sql.all<[rowid: number, fingerprint: string]>(
      'SELECT rowid, fingerprint FROM compromised_keys WHERE rowid > ? ORDER BY rowid LIMIT ?',
      after,
      limit,
    );
    return { items: rows.map(([, fingerprint]) => fingerprint), next: rows.at(-1)?.[0] ?? after };
  }),

  admitPeer: write(
    (
      sql,
      publicKey: string,
      role: PeerRole,
      cn: string,
      addedAt: number,
      serial: string | null,
      entry: string,
    ): void => {
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
      if (serial !== null) addPeerCertificate(sql, publicKey, serial);
    },
  ),
  addPeerCertificate: write(addPeerCertificate),
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
} satisfies SqliteOperations<RegistryOperations>;
