import type { ClaimOutcome, NodeIssuances } from '../../contract/ra.js';
import {
  COLUMNS,
  type IssuanceRow,
  type IssuedRow,
  isKept,
  issuancesOf,
  lastToEnd,
  type NodeRow,
} from '../../rows/ra/nodes.js';
import type { NodeOperations } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import type { Sql } from '../sql.js';

/** Registered nodes, the use of their seeds, and their certificates. */

const QUALIFIED = COLUMNS.split(', ')
  .map((column) => `nodes.${column}`)
  .join(', ');

function endAuthorizations(sql: Sql, nodeId: string, at: number): void {
  sql.run(
    `UPDATE authorizations SET revoked_at = ?, state = 'ended'
     WHERE proven_by = ? AND state = 'valid'`,
    at,
    nodeId,
  );
}

function keepCertificate(sql: Sql, serial: string, nodeId: string, notAfter: number): void {
  sql.run(
    'INSERT INTO node_certificates (serial, node_id, not_after) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    serial,
    nodeId,
    notAfter,
  );
}

function nodeBySerial(sql: Sql, serial: string): NodeRow | undefined {
  return sql.get<NodeRow>(
    `SELECT ${QUALIFIED} FROM node_certificates JOIN nodes ON nodes.id = node_certificates.node_id
     WHERE node_certificates.serial = ?`,
    serial,
  );
}

const INSERT = `INSERT INTO nodes (${COLUMNS}) VALUES (${COLUMNS.replace(/[a-z_]+/g, '?')})`;

/** Ends the accounts that are bound to a node (§7.1.2). */
function endAccounts(sql: Sql, nodeId: string, at: number): void {
  sql.run('UPDATE accounts SET revoked_at = coalesce(revoked_at, ?) WHERE node_id = ?', at, nodeId);
}

export const nodeOperations = {
  createNode: write(
    (sql, row: NodeRow): boolean => sql.run(`${INSERT} ON CONFLICT (cn) DO NOTHING`, ...row) > 0,
  ),

  replaceNode: write((sql, row: NodeRow): boolean => {
    const [cn, id, , , registeredAt] = row;
    const old = sql.get<[id: string]>(
      'DELETE FROM nodes WHERE cn = ? AND removing_at IS NULL RETURNING id',
      cn,
    );
    if (!old) return false;
    sql.run(INSERT, ...row);
    endAuthorizations(sql, old[0], registeredAt);
    endAccounts(sql, old[0], registeredAt);
    sql.run('UPDATE accounts SET node_id = ? WHERE node_id = ?', id, old[0]);
    sql.run('UPDATE authorizations SET proven_by = ? WHERE proven_by = ?', id, old[0]);
    sql.run('UPDATE node_certificates SET node_id = ? WHERE node_id = ?', id, old[0]);
    return true;
  }),

  getNode: read((sql, cn: string): NodeRow | undefined =>
    sql.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn = ?`, cn),
  ),

  listNodes: read((sql, after: string | null, limit: number): NodeRow[] =>
    sql.all<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn > ? ORDER BY cn LIMIT ?`, after ?? '', limit),
  ),

  findNodeBySeed: read((sql, seedHash: string): NodeRow | undefined =>
    sql.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE seed_hash = ? AND removing_at IS NULL`, seedHash),
  ),

  findNodeBySerial: read(nodeBySerial),

  claimEnrolment: write((sql, seedHash: string, key: string, at: number): ClaimOutcome => {
    const seed = sql.get<[expiresAt: number, claimedKey: string | null]>(
      'SELECT seed_expires_at, claimed_key FROM nodes WHERE seed_hash = ? AND removing_at IS NULL',
      seedHash,
    );
    if (!seed) return 'unknown';
    const [expiresAt, claimedKey] = seed;
    if (expiresAt <= at) return 'expired';
    if (claimedKey !== null) return claimedKey === key ? 'claimed' : 'used';
    sql.run('UPDATE nodes SET claimed_at = ?, claimed_key = ? WHERE seed_hash = ?', at, key, seedHash);
    return 'claimed';
  }),

  recordEnrolment: write((sql, enrolmentId: string, serial: string, notAfter: number): boolean => {
    const node = sql.get<[id: string]>(
      'UPDATE nodes SET serial = ? WHERE enrolment_id = ? AND removing_at IS NULL RETURNING id',
      serial,
      enrolmentId,
    );
    if (!node) return isKept(nodeBySerial(sql, serial));
    keepCertificate(sql, serial, node[0], notAfter);
    return true;
  }),

  recordNodeCertificate: write((sql, nodeId: string, serial: string, notAfter: number): boolean => {
    if (!sql.get('SELECT 1 FROM nodes WHERE id = ? AND removing_at IS NULL', nodeId)) return false;
    keepCertificate(sql, serial, nodeId, notAfter);
    return true;
  }),

  /** Doing it again keeps the first time. */
  beginNodeRemoval: write((sql, cn: string, at: number): NodeRow | undefined => {
    const node = sql.get<NodeRow>(
      `UPDATE nodes SET removing_at = coalesce(removing_at, ?) WHERE cn = ? RETURNING ${COLUMNS}`,
      at,
      cn,
    );
    if (node) {
      endAuthorizations(sql, node[1], at);
      endAccounts(sql, node[1], at);
    }
    return node;
  }),

  findNodeIssuances: read((sql, nodeId: string, now: number): NodeIssuances => {
    const own = sql.all<IssuanceRow>(
      'SELECT serial, NULL FROM node_certificates WHERE node_id = ? AND not_after > ?',
      nodeId,
      now,
    );
    const ordered = sql.all<IssuanceRow>(
      `SELECT certificates.serial, orders.due_at FROM authorizations
       JOIN orders ON orders.id = authorizations.order_id
       LEFT JOIN certificates ON certificates.id = orders.certificate_id
         AND certificates.revoked_at IS NULL AND certificates.not_after > ?
       WHERE authorizations.proven_by = ?`,
      now,
      nodeId,
    );
    const bound = sql.all<IssuanceRow>(
      `SELECT NULL, orders.due_at FROM accounts JOIN orders ON orders.account_id = accounts.id
       WHERE accounts.node_id = ? AND orders.due_at IS NOT NULL`,
      nodeId,
    );
    return issuancesOf([...own, ...ordered, ...bound]);
  }),

  getNodeById: read((sql, id: string): NodeRow | undefined =>
    sql.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE id = ?`, id),
  ),

  findNodeByKey: read((sql, keyId: string): NodeRow | undefined =>
    sql.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE key_id = ? AND removing_at IS NULL`, keyId),
  ),

  changeNode: write((sql, row: NodeRow, at: number): NodeRow | undefined => {
    const [, id, names, profile, , , , , , , , , , patterns, waived, ...key] = row;
    const changed = sql.get<NodeRow>(
      `UPDATE nodes SET names = ?, profile = ?, patterns = ?, challenges_waived = ?, key_id = ?, sealed_key = ?,
         key_expires_at = ?, key_once = ?, key_used_at = ?
       WHERE id = ? AND removing_at IS NULL RETURNING ${COLUMNS}`,
      ...[names, profile, patterns, waived, ...key, id],
    );
    if (changed) endAuthorizations(sql, id, at);
    return changed;
  }),

  listNodeSerials: read((sql, nodeId: string, limit: number): string[] => {
    const own = sql.all<IssuedRow>(
      'SELECT serial, not_after FROM node_certificates WHERE node_id = ? ORDER BY not_after DESC LIMIT ?',
      nodeId,
      limit,
    );
    const ordered = sql.all<IssuedRow>(
      `SELECT certificates.serial, certificates.not_after FROM authorizations
       JOIN orders ON orders.id = authorizations.order_id
       JOIN certificates ON certificates.id = orders.certificate_id
       WHERE authorizations.proven_by = ? LIMIT ?`,
      nodeId,
      limit,
    );
    return lastToEnd([...own, ...ordered], limit);
  }),

  removeNode: write((sql, id: string): void => {
    sql.run('DELETE FROM node_certificates WHERE node_id = ?', id);
    sql.run('DELETE FROM nodes WHERE id = ?', id);
  }),
} satisfies SqliteOperations<NodeOperations>;
