import { StoreConflict } from '../../contract/errors.js';
import { COLUMNS as AUTHORIZATION, type AuthorizationRow } from '../../rows/ra/authorizations.js';
import { COLUMNS as CERTIFICATE, serialOfAriId } from '../../rows/ra/certificates.js';
import { COLUMNS, CREATED, type OrderOperations, type OrderRow, shared } from '../../rows/ra/orders.js';
import { LONGEST_PAUSE } from '../../rows/ra/turns.js';
import { parameters, qualified } from '../columns.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';
import { authorizationColumns, isProven, NEW_AUTHORIZATION, newAuthorizations } from './authorizations.js';
import { replacedSerial } from './certificates.js';

/** RFC 8555 §7.1.3, §7.4. */

/** The parameters of an order; after them come the columns of its authorizations. */
const ORDER = CREATED.split(', ').length;
/** The parameter with the serial of the predecessor. */
const SERIAL = `$${ORDER + NEW_AUTHORIZATION.split(', ').length + 1}`;

/** RFC 9773 §5: at most one order replaces a certificate. */
const CLAIMED = `claimed AS (
    UPDATE certificates SET replaced_by = $1
    WHERE serial = ${SERIAL} AND ari_id = $8 AND replaced_by IS NULL AND EXISTS (SELECT FROM accounts WHERE id = $2)
    RETURNING id
  ),`;

/** `proven`: some authorizations are proven by a node. The row says whether the account exists, and whether the order was made. */
const create = ({ replaces, proven }: { replaces: boolean; proven: boolean }) => `
  WITH ${replaces ? CLAIMED : ''}
  made AS (
    INSERT INTO orders (${CREATED}) SELECT ${parameters(CREATED)} FROM accounts
    WHERE id = $2 ${replaces ? 'AND EXISTS (SELECT FROM claimed)' : ''}
    RETURNING true
  ),
  proofs AS (
    INSERT INTO authorizations (${NEW_AUTHORIZATION}) SELECT * FROM (${newAuthorizations(ORDER + 1, proven)}) AS proof
    WHERE EXISTS (SELECT FROM made)
  )
  SELECT ${replaces ? 'EXISTS (SELECT FROM accounts WHERE id = $2), EXISTS (SELECT FROM made)' : 'true, true FROM made'}`;
/** Of most orders, which have no predecessor. */
const CREATE = create({ replaces: false, proven: false });
const CREATE_PROVEN = create({ replaces: false, proven: true });
const CREATE_REPLACING = create({ replaces: true, proven: true });

/** One statement, so that order and authorizations are of one moment; the authorizations come as JSON. */
export const selectOrder = (id: string) => `
  SELECT ${COLUMNS}, (
    SELECT coalesce(json_agg(json_build_array(${qualified(AUTHORIZATION, 'a')}) ORDER BY listed.number), '[]')::text
    FROM json_array_elements_text(authorization_ids::json) WITH ORDINALITY AS listed (id, number)
    JOIN authorizations a ON a.id = listed.id
  )
  FROM orders WHERE id = ${id}`;
const GET = selectOrder('$1');

export type SelectedOrder = [...OrderRow, authorizations: string];

export function orderFromRow(row: SelectedOrder): { order: OrderRow; authorizations: AuthorizationRow[] } {
  return { order: row.slice(0, -1) as OrderRow, authorizations: JSON.parse(String(row.at(-1))) };
}

/** An account that has had a certificate, and is of no node, stays so: only the order changes. */
const PLAIN_ACCOUNT = 'SELECT FROM accounts WHERE id = $3 AND unused_since IS NULL AND node_id IS NULL';
const RECORD_PLAIN_ISSUANCE = `
  WITH issued AS (
    UPDATE orders SET certificate_id = $1, error = NULL, due_at = NULL
    WHERE id = $14 AND certificate_id IS NULL AND EXISTS (${PLAIN_ACCOUNT}) RETURNING id
  )
  INSERT INTO certificates (${CERTIFICATE}) SELECT ${parameters(CERTIFICATE)} FROM issued`;
const RECORD_ISSUANCE = `
  WITH issued AS (
    UPDATE orders SET certificate_id = $1, error = NULL, due_at = NULL
    WHERE id = $14 AND certificate_id IS NULL RETURNING id
  ),
  used AS (
    UPDATE accounts SET unused_since = NULL
    WHERE id = $3 AND unused_since IS NOT NULL AND EXISTS (SELECT FROM issued)
  ),
  of_node AS (
    INSERT INTO node_certificates (serial, node_id, not_after)
    SELECT $4, accounts.node_id, $10 FROM issued, accounts
    WHERE accounts.id = $3 AND accounts.node_id IS NOT NULL ON CONFLICT DO NOTHING
  )
  INSERT INTO certificates (${CERTIFICATE}) SELECT ${parameters(CERTIFICATE)} FROM issued`;

export const orderOperations: PostgresOperations<OrderOperations> = {
  ...inPostgres(shared),

  async createOrder(db, order, authorizations) {
    const replaces = order[7];
    const text =
      replaces !== null ? CREATE_REPLACING : authorizations.some(isProven) ? CREATE_PROVEN : CREATE;
    const created = await db.get<[account: boolean, order: boolean]>(
      text,
      ...order,
      ...authorizationColumns(authorizations),
      ...(replaces === null ? [] : [serialOfAriId(replaces)]),
    );
    if (!created?.[0]) throw new StoreConflict('the order is of no account');
    return created[1];
  },

  async getOrder(db, id) {
    const found = await db.get<SelectedOrder>(GET, id);
    return found && orderFromRow(found);
  },

  async claimFinalizations(db, now, leaseUntil, limit) {
    const claimed = await db.all<[attempts: number, ...OrderRow]>(
      `WITH due AS (
         SELECT id AS due_id, due_at AS due_since FROM orders
         WHERE due_at IS NOT NULL AND (due_at <= $1 OR due_at > $4)
         ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
       ),
       claimed AS (
         UPDATE orders SET due_at = $2 FROM due WHERE id = due_id RETURNING due_since, attempts, ${COLUMNS}
       )
       SELECT attempts, ${COLUMNS} FROM claimed ORDER BY due_since`,
      now,
      leaseUntil,
      limit,
      now + LONGEST_PAUSE,
    );
    return claimed.map(([attempts, ...order]) => ({ order, attempts }));
  },

  async failOrder(db, id, error) {
    const order = await db.get<[replaces: string | null]>('SELECT replaces FROM orders WHERE id = $1', id);
    const failed = await db.get(
      `WITH failed AS (
         UPDATE orders SET error = $2, due_at = NULL
         WHERE id = $1 AND error IS NULL AND certificate_id IS NULL RETURNING id
       ),
       released AS (
         UPDATE certificates SET replaced_by = NULL
         WHERE serial = $3 AND replaced_by = (SELECT id FROM failed)
       )
       SELECT id FROM failed`,
      id,
      error,
      replacedSerial(order?.[0]),
    );
    return failed !== undefined;
  },

  /** A certificate that exists is the order's, even if another runner gave the order up meanwhile. */
  async recordIssuance(db, orderId, certificate) {
    const values = [...certificate, orderId];
    if ((await db.run(RECORD_PLAIN_ISSUANCE, ...values)) > 0) return true;
    const recorded = await db.run(RECORD_ISSUANCE, ...values);
    return recorded > 0;
  },
};
