import { type PurgeOperations, shared } from '../../rows/ra/purge.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';
import { releasePredecessor } from './certificates.js';

/** Deletes dead orders and their authorizations, found by index, a bounded number at a time. */
export const purgeOperations = {
  ...inSqlite(shared),

  purgeExpired: write((sql, before, limit) => {
    let gone = 0;
    const orders = sql.all<[id: string, authorizationIds: string]>(
      `SELECT id, authorization_ids FROM orders
       WHERE certificate_id IS NULL AND due_at IS NULL AND expires_at < ? ORDER BY expires_at LIMIT ?`,
      before,
      limit,
    );
    for (const [id, authorizationIds] of orders) {
      releasePredecessor(sql, id);
      for (const each of JSON.parse(authorizationIds) as string[]) {
        // A pre-authorization that the order used is not its own, and is deleted by its own expiry.
        gone += sql.run('DELETE FROM authorizations WHERE id = ? AND order_id = ?', each, id);
        sql.run('DELETE FROM open_validations WHERE authorization_id = ?', each);
      }
      gone += sql.run('DELETE FROM orders WHERE id = ?', id);
    }
    const orphans = sql.all<[id: string]>(
      `SELECT id FROM authorizations WHERE order_id IS NULL AND expires_at < ? ORDER BY expires_at LIMIT ?`,
      before,
      limit,
    );
    for (const [id] of orphans) {
      sql.run('DELETE FROM open_validations WHERE authorization_id = ?', id);
      gone += sql.run('DELETE FROM authorizations WHERE id = ?', id);
    }
    return gone;
  }),

  /** Ids begin with the time, so the oldest orders come first in the primary key. Unfinished orders are skipped. */
  purgeFinished: write((sql, before, limit) => {
    let gone = 0;
    const oldest = sql.all<[id: string, authorizationIds: string, done: number]>(
      `SELECT id, authorization_ids, certificate_id IS NOT NULL AND expires_at < ? FROM orders
       WHERE id > '' ORDER BY id LIMIT ?`,
      before,
      limit,
    );
    for (const [id, authorizationIds, done] of oldest) {
      const own = JSON.parse(authorizationIds) as string[];
      if (done === 0 || own.some((each) => isOfUse(sql, each, id, before))) continue;
      for (const each of own)
        gone += sql.run('DELETE FROM authorizations WHERE id = ? AND order_id = ?', each, id);
      gone += sql.run('DELETE FROM orders WHERE id = ?', id);
    }
    return gone;
  }),

  /**
   * Oldest first. An account that still has rows is examined again as if it were new. An account that the operator
   * ended is not deleted: its key must not create another.
   */
  purgeAccounts: write((sql, before, limit) => {
    const unused = sql.all<[id: string, inUse: number]>(
      `SELECT id, EXISTS (SELECT 1 FROM orders WHERE account_id = accounts.id)
         OR EXISTS (SELECT 1 FROM authorizations WHERE account_id = accounts.id)
         OR EXISTS (SELECT 1 FROM certificates WHERE account_id = accounts.id)
       FROM accounts WHERE unused_since < ? AND revoked_at IS NULL ORDER BY unused_since LIMIT ?`,
      before,
      limit,
    );
    for (const [id, inUse] of unused) {
      if (inUse) sql.run('UPDATE accounts SET unused_since = ? WHERE id = ?', before, id);
      else sql.run('DELETE FROM accounts WHERE id = ?', id);
    }
    return unused.filter(([, inUse]) => inUse === 0).map(([id]) => id);
  }),

  /**
   * A certificate is deleted after its order. An account without any certificate left counts as unused since the end
   * of its last.
   */
  purgeCertificates: write((sql, before, limit) => {
    const ended = sql.all<[id: string, accountId: string, notAfter: number]>(
      `SELECT id, account_id, not_after FROM certificates
       WHERE not_after < ? AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = certificates.order_id)
       ORDER BY not_after LIMIT ?`,
      before,
      limit,
    );
    for (const [id, accountId, notAfter] of ended) {
      sql.run('DELETE FROM certificates WHERE id = ?', id);
      sql.run(
        `UPDATE accounts SET unused_since = ? WHERE id = ? AND unused_since IS NULL
           AND NOT EXISTS (SELECT 1 FROM certificates WHERE account_id = accounts.id)`,
        notAfter,
        accountId,
      );
    }
    const ofNodes = sql.run(
      `DELETE FROM node_certificates WHERE serial IN
         (SELECT serial FROM node_certificates WHERE not_after < ? ORDER BY not_after LIMIT ?)`,
      before,
      limit,
    );
    const others = sql.run(
      `DELETE FROM other_certificates WHERE serial IN
         (SELECT serial FROM other_certificates WHERE not_after < ? ORDER BY not_after LIMIT ?)`,
      before,
      limit,
    );
    return Math.max(ended.length, ofNodes, others);
  }),
} satisfies SqliteOperations<PurgeOperations>;

/**
 * A valid authorization still proves something: its account may revoke by it (RFC 8555 §7.6). By one that a node
 * proved, the node's removal finds the certificate it has to revoke.
 */
function isOfUse(sql: Sql, authorizationId: string, orderId: string, before: number): boolean {
  const found = sql.get(
    `SELECT 1 FROM authorizations WHERE id = ? AND order_id = ? AND (expires_at >= ?
       OR proven_by IS NOT NULL AND EXISTS (
         SELECT 1 FROM orders JOIN certificates ON certificates.id = orders.certificate_id
         WHERE orders.id = authorizations.order_id AND certificates.not_after >= ?))`,
    authorizationId,
    orderId,
    before,
    before,
  );
  return found !== undefined;
}
