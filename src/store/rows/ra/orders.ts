import type { Order } from '../../../model/facts.js';

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
