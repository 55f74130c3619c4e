import { COLUMNS, CREATED, type OrderOperations, type OrderRow, shared } from '../../rows/ra/orders.js';
import { LONGEST_PAUSE } from '../../rows/ra/turns.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';
import { authorizationById, insertAuthorization } from './authorizations.js';
import { claimPredecessor, insertCertificate, releasePredecessor } from './certificates.js';

/** RFC 8555 §7.1.3, §7.4. */

function orderById(sql: Sql, id: string): OrderRow | undefined {
  return sql.get<OrderRow>(`SELECT ${COLUMNS} FROM orders WHERE id = ?`, id);
}

export const orderOperations = {
  ...inSqlite(shared),

  createOrder: write((sql, order, authorizations) => {
    const [id, , , , , , , replaces] = order;
    if (replaces !== null && !claimPredecessor(sql, replaces, id)) return false;
    sql.run(`INSERT INTO orders (${CREATED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...order);
    for (const authorization of authorizations) insertAuthorization(sql, authorization);
    return true;
  }),

  getOrder: read((sql, id) => {
    const order = orderById(sql, id);
    if (!order) return undefined;
    const ids: string[] = JSON.parse(order[3]);
    const authorizations = ids.map((each) => authorizationById(sql, each));
    return { order, authorizations: authorizations.filter((row) => row !== undefined) };
  }),

  claimFinalizations: write((sql, now, leaseUntil, limit) => {
    const due = sql.all<[attempts: number, ...OrderRow]>(
      `SELECT attempts, ${COLUMNS} FROM orders WHERE due_at IS NOT NULL AND (due_at <= ? OR due_at > ?) ORDER BY due_at LIMIT ?`,
      now,
      now + LONGEST_PAUSE,
      limit,
    );
    return due.map(([attempts, ...order]) => {
      sql.run('UPDATE orders SET due_at = ? WHERE id = ?', leaseUntil, order[0]);
      return { order, attempts };
    });
  }),

  failOrder: write((sql, id, error) => {
    const failed = sql.run(
      'UPDATE orders SET error = ?, due_at = NULL WHERE id = ? AND error IS NULL AND certificate_id IS NULL',
      error,
      id,
    );
    if (failed === 0) return false;
    releasePredecessor(sql, id);
    return true;
  }),

  /** A certificate that exists is the order's, even if another runner gave the order up meanwhile. */
  recordIssuance: write((sql, orderId, certificate) => {
    const changes = sql.run(
      'UPDATE orders SET certificate_id = ?, error = NULL, due_at = NULL WHERE id = ? AND certificate_id IS NULL',
      certificate[0],
      orderId,
    );
    if (changes === 0) return false;
    insertCertificate(sql, certificate);
    const [, , accountId] = certificate;
    sql.run('UPDATE accounts SET unused_since = NULL WHERE id = ? AND unused_since IS NOT NULL', accountId);
    // One that an account of a node ordered is the node's.
    sql.run(
      `INSERT INTO node_certificates (serial, node_id, not_after)
       SELECT ?, node_id, ? FROM accounts WHERE id = ? AND node_id IS NOT NULL ON CONFLICT DO NOTHING`,
      certificate[3],
      certificate[9],
      accountId,
    );
    return true;
  }),
} satisfies SqliteOperations<OrderOperations>;
