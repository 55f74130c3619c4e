import type { Order } from '../../../model/facts.js';
import { all, changes, run, type SharedOperations } from '../shared.js';
import type { AuthorizationRow, InsertRow } from './authorizations.js';
import type { CertificateRow } from './certificates.js';

/** RFC 8555 §7.1.3, §7.4. */

export const CREATED =
  'id, account_id, identifiers, authorization_ids, profile, not_before, not_after, replaces, created_at, expires_at';
export const COLUMNS = `${CREATED}, csr, deferred, error, certificate_id`;

export type NewOrderRow = [
  id: string,
  accountId: string,
  identifiers: string,
  authorizationIds: string,
  profile: string,
  notBefore: number | null,
  notAfter: number | null,
  replaces: string | null,
  createdAt: number,
  expiresAt: number,
];

export type OrderRow = [
  ...NewOrderRow,
  csr: Uint8Array | null,
  deferred: number,
  error: string | null,
  certificateId: string | null,
];

export interface ClaimedOrder {
  order: OrderRow;
  attempts: number;
}

/** The row of a new order, which has neither a CSR nor an outcome. */
export function toRow(order: Order): NewOrderRow {
  return [
    order.id,
    order.accountId,
    JSON.stringify(order.identifiers),
    JSON.stringify(order.authorizationIds),
    order.profile,
    order.notBefore,
    order.notAfter,
    order.replaces,
    order.createdAt,
    order.expiresAt,
  ];
}

export function fromRow(row: OrderRow): Order {
  const [id, accountId, identifiers, authorizationIds, profile, notBefore, notAfter, replaces, ...rest] = row;
  const [createdAt, expiresAt, csr, deferred, error, certificateId] = rest;
  return {
    id,
    accountId,
    identifiers: JSON.parse(identifiers),
    authorizationIds: JSON.parse(authorizationIds),
    profile,
    notBefore,
    notAfter,
    replaces,
    createdAt,
    expiresAt,
    csr,
    finalizeDeferred: deferred !== 0,
    error: error === null ? null : JSON.parse(error),
    certificateId,
  };
}

/** RFC 8555 §7.4. */
export interface OrderOperations {
  createOrder(order: NewOrderRow, authorizations: InsertRow[]): boolean;
  getOrder(id: string): { order: OrderRow; authorizations: AuthorizationRow[] } | undefined;
  /** `after` null is the first page: every id is less than a character no id has. */
  listOrderIds(accountId: string, after: string | null, limit: number, now: number): string[];
  beginFinalize(id: string, csr: Uint8Array, leaseUntil: number): boolean;
  deferFinalize(id: string, retryAt: number): void;
  claimFinalizations(now: number, leaseUntil: number, limit: number): ClaimedOrder[];
  failOrder(id: string, error: string): boolean;
  returnOrder(id: string): boolean;
  /** A certificate that exists is the order's, even if another runner gave the order up meanwhile. */
  recordIssuance(orderId: string, certificate: CertificateRow): boolean;
}

export const shared = {
  reads: {
    *listOrderIds(accountId, after, limit, now) {
      const ids = yield* all<[id: string]>(
        `SELECT id FROM orders WHERE account_id = $1 AND id < $2
           AND (expires_at > $3 OR certificate_id IS NOT NULL OR due_at IS NOT NULL)
         ORDER BY id DESC LIMIT $4`,
        accountId,
        after ?? '~',
        now,
        limit,
      );
      return ids.map(([id]) => id);
    },
  },
  writes: {
    beginFinalize: (id, csr, leaseUntil) =>
      changes(
        `UPDATE orders SET csr = $2, due_at = $3
         WHERE id = $1 AND csr IS NULL AND error IS NULL AND certificate_id IS NULL AND EXISTS (
           SELECT 1 FROM accounts WHERE accounts.id = account_id AND deactivated_at IS NULL AND revoked_at IS NULL
         )`,
        id,
        csr,
        leaseUntil,
      ),

    *deferFinalize(id, retryAt) {
      yield* run(
        'UPDATE orders SET deferred = 1, attempts = attempts + 1, due_at = $2 WHERE id = $1 AND due_at IS NOT NULL',
        id,
        retryAt,
      );
    },

    returnOrder: (id) =>
      changes(
        `UPDATE orders SET csr = NULL, due_at = NULL
         WHERE id = $1 AND csr IS NOT NULL AND error IS NULL AND certificate_id IS NULL`,
        id,
      ),
  },
} satisfies SharedOperations<OrderOperations>;
