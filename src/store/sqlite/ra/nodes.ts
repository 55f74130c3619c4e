import { COLUMNS, isKept, type NodeOperations, type NodeRow, shared } from '../../rows/ra/nodes.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';

/** Registered nodes, the use of their seeds, and their certificates. */

/** Ends the valid authorizations that a node proved, and the accounts that are bound to it (§7.1.2). */
function endProofs(sql: Sql, nodeId: string, at: number): void {
  sql.run(
    "UPDATE authorizations SET revoked_at = ?, state = 'ended' WHERE proven_by = ? AND state = 'valid'",
    at,
    nodeId,
  );
  sql.run('UPDATE accounts SET revoked_at = coalesce(revoked_at, ?) WHERE node_id = ?', at, nodeId);
}

function keepCertificate(sql: Sql, serial: string, nodeId: string, notAfter: number): void {
  sql.run(
    'INSERT INTO node_certificates (serial, node_id, not_after) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    serial,
    nodeId,
    notAfter,
  );
}

const common = inSqlite(shared);

export const nodeOperations = {
  ...common,

  replaceNode: write((sql, row) => {
    const [cn, id, , , registeredAt] = row;
    const old = sql.get<[id: string]>(
      'DELETE FROM nodes WHERE cn = ? AND removing_at IS NULL RETURNING id',
      cn,
    );
    if (!old) return false;
    common.createNode.run(sql, row);
    endProofs(sql, old[0], registeredAt);
    sql.run('UPDATE accounts SET node_id = ? WHERE node_id = ?', id, old[0]);
    sql.run('UPDATE authorizations SET proven_by = ? WHERE proven_by = ?', id, old[0]);
    sql.run('UPDATE node_certificates SET node_id = ? WHERE node_id = ?', id, old[0]);
    return true;
  }),

  recordEnrolment: write((sql, enrolmentId, serial, notAfter) => {
    const node = sql.get<[id: string]>(
      'UPDATE nodes SET serial = ? WHERE enrolment_id = ? AND removing_at IS NULL RETURNING id',
      serial,
      enrolmentId,
    );
    if (!node) return isKept(common.findNodeBySerial.run(sql, serial));
    keepCertificate(sql, serial, node[0], notAfter);
    return true;
  }),

  recordNodeCertificate: write((sql, nodeId, serial, notAfter) => {
    if (!sql.get('SELECT 1 FROM nodes WHERE id = ? AND removing_at IS NULL', nodeId)) return false;
    keepCertificate(sql, serial, nodeId, notAfter);
    return true;
  }),

  /** Repeating it keeps the first time. */
  beginNodeRemoval: write((sql, cn, at) => {
    const node = sql.get<NodeRow>(
      `UPDATE nodes SET removing_at = coalesce(removing_at, ?) WHERE cn = ? RETURNING ${COLUMNS}`,
      at,
      cn,
    );
    if (node) endProofs(sql, node[1], at);
    return node;
  }),

  removeNode: write((sql, id) => {
    sql.run('DELETE FROM node_certificates WHERE node_id = ?', id);
    sql.run('DELETE FROM nodes WHERE id = ?', id);
  }),
} satisfies SqliteOperations<NodeOperations>;
