import { write } from '../protocol.js';
import { releasePredecessor } from './certificates.js';

/** Orders nobody can finish any more and what hangs on them; found by index, a bounded number at a time. */
export const purgeOperations = {
  purgeExpired: write((sql, before: number, limit: number): number => {
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
        // A pre-authorization the order made use of is not its own; it goes by its own expiry.
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
};
