import { type PurgeOperations, shared } from '../../rows/ra/purge.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';
import { replacedSerial } from './certificates.js';

/**
 * Deletes dead orders and their authorizations, found by index, a bounded number at a time. Replicas purge
 * concurrently: rows that another replica is deleting are skipped.
 */
export const purgeOperations: PostgresOperations<PurgeOperations> = {
  ...inPostgres(shared),

  async purgeExpired(db, before, limit) {
    const expired = await db.all<[id: string, replaces: string | null]>(
      `SELECT id, replaces FROM orders
       WHERE certificate_id IS NULL AND due_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2`,
      before,
      limit,
    );
    const orders = await db.get<[count: number]>(
      `WITH listed AS (
         SELECT id FROM orders WHERE id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED
       ),
       gone AS (
         DELETE FROM orders USING listed
         WHERE orders.id = listed.id AND certificate_id IS NULL AND due_at IS NULL AND expires_at < $2
         RETURNING orders.id, authorization_ids
       ),
       named AS (SELECT id AS by, json_array_elements_text(authorization_ids::json) AS id FROM gone),
       proofs AS (
         -- A pre-authorization that the order used is not its own, and is deleted by its own expiry.
         DELETE FROM authorizations USING named
         WHERE authorizations.id = named.id AND order_id = named.by RETURNING authorizations.id
       ),
       validations AS (DELETE FROM open_validations WHERE authorization_id IN (SELECT id FROM proofs)),
       released AS (
         UPDATE certificates SET replaced_by = NULL
         FROM unnest($1::text[], $3::text[]) AS replacing (order_id, serial) JOIN gone ON gone.id = order_id
         WHERE certificates.serial = replacing.serial AND replaced_by = replacing.order_id
       )
       SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM proofs)`,
      expired.map(([id]) => id),
      before,
      expired.map(([, replaces]) => replacedSerial(replaces)),
    );
    const orphans = await db.get<[count: number]>(
      `WITH expired AS (
         SELECT id FROM authorizations WHERE order_id IS NULL AND expires_at < $1
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ),
       gone AS (DELETE FROM authorizations USING expired WHERE authorizations.id = expired.id RETURNING expired.id),
       validations AS (DELETE FROM open_validations WHERE authorization_id IN (SELECT id FROM gone))
       SELECT count(*) FROM gone`,
      before,
      limit,
    );
    return (orders?.[0] ?? 0) + (orphans?.[0] ?? 0);
  },

  async purgeFinished(db, before, limit) {
    const outcome = await db.get<[count: number]>(
      `WITH oldest AS (
         SELECT id, authorization_ids, certificate_id, expires_at FROM orders WHERE id > '' ORDER BY id LIMIT $2
       ),
       named AS (SELECT id AS by, json_array_elements_text(authorization_ids::json) AS id FROM oldest),
       -- See isOfUse in sqlite/ra/purge.ts.
       needed AS (
         SELECT named.by FROM named
         JOIN authorizations ON authorizations.id = named.id AND order_id = named.by
         JOIN oldest ON oldest.id = named.by
         WHERE authorizations.expires_at >= $1 OR proven_by IS NOT NULL AND EXISTS (
           SELECT FROM certificates WHERE certificates.id = oldest.certificate_id AND not_after >= $1)
       ),
       listed AS (
         SELECT id FROM orders
         WHERE id IN (SELECT id FROM oldest WHERE certificate_id IS NOT NULL AND expires_at < $1)
           AND id NOT IN (SELECT by FROM needed)
         FOR UPDATE SKIP LOCKED
       ),
       gone AS (DELETE FROM orders USING listed WHERE orders.id = listed.id RETURNING orders.id),
       proofs AS (
         DELETE FROM authorizations USING named, gone
         WHERE named.by = gone.id AND authorizations.id = named.id AND order_id = named.by
         RETURNING authorizations.id
       ),
       validations AS (DELETE FROM open_validations WHERE authorization_id IN (SELECT id FROM proofs))
       SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM proofs)`,
      before,
      limit,
    );
    return outcome?.[0] ?? 0;
  },

  async purgeAccounts(db, before, limit) {
    const gone = await db.all<[id: string]>(
      `WITH unused AS (
         SELECT id FROM accounts WHERE unused_since < $1 AND revoked_at IS NULL ORDER BY unused_since LIMIT $2 FOR UPDATE SKIP LOCKED
       ),
       free AS (
         SELECT id FROM unused
         WHERE NOT EXISTS (SELECT FROM orders WHERE account_id = unused.id)
           AND NOT EXISTS (SELECT FROM authorizations WHERE account_id = unused.id)
           AND NOT EXISTS (SELECT FROM certificates WHERE account_id = unused.id)
       ),
       kept AS (
         UPDATE accounts SET unused_since = $1 FROM unused
         WHERE accounts.id = unused.id AND unused.id NOT IN (SELECT id FROM free)
       )
       DELETE FROM accounts USING free WHERE accounts.id = free.id RETURNING free.id`,
      before,
      limit,
    );
    return gone.map(([id]) => id);
  },

  async purgeCertificates(db, before, limit) {
    const outcome = await db.get<[ended: number, ofNodes: number, others: number]>(
      `WITH ended AS (
         SELECT id, account_id, not_after FROM certificates
         WHERE not_after < $1 AND NOT EXISTS (SELECT FROM orders WHERE orders.id = certificates.order_id)
         ORDER BY not_after LIMIT $2 FOR UPDATE SKIP LOCKED
       ),
       gone AS (DELETE FROM certificates USING ended WHERE certificates.id = ended.id),
       had AS (SELECT account_id, max(not_after) AS last FROM ended GROUP BY account_id),
       unused AS (
         UPDATE accounts SET unused_since = had.last FROM had
         WHERE accounts.id = had.account_id AND unused_since IS NULL AND NOT EXISTS (
           SELECT FROM certificates c WHERE c.account_id = had.account_id AND c.id NOT IN (SELECT id FROM ended))
       ),
       of_nodes AS (
         SELECT serial FROM node_certificates WHERE not_after < $1 ORDER BY not_after LIMIT $2 FOR UPDATE SKIP LOCKED
       ),
       gone_of_nodes AS (DELETE FROM node_certificates USING of_nodes WHERE node_certificates.serial = of_nodes.serial),
       others AS (
         SELECT serial FROM other_certificates WHERE not_after < $1 ORDER BY not_after LIMIT $2 FOR UPDATE SKIP LOCKED
       ),
       gone_others AS (DELETE FROM other_certificates USING others WHERE other_certificates.serial = others.serial)
       SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM of_nodes), (SELECT count(*) FROM others)`,
      before,
      limit,
    );
    return Math.max(...(outcome ?? [0]));
  },
};
