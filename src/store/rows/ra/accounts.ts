import type { Account, AccountAndUse } from '../../../model/facts.js';
import { all, get, type SharedOperations } from '../shared.js';
import { NEWEST } from './failures.js';

/** RFC 8555 §7.3. */

export const COLUMNS =
  'id, thumbprint, jwk, contact, terms_agreed_at, external_account, created_at, deactivated_at, revoked_at, ' +
  'node_id';

/** Columns of the last use of an account. */
export const USE = 'used_at, used_from';

export type AccountRow = [
  id: string,
  thumbprint: string,
  jwk: string,
  contact: string,
  termsAgreedAt: number | null,
  externalAccount: string | null,
  createdAt: number,
  deactivatedAt: number | null,
  revokedAt: number | null,
  nodeId: string | null,
];

export type AccountUseRow = [...AccountRow, usedAt: number | null, usedFrom: string | null];

export function toRow(account: Account): AccountRow {
  return [
    account.id,
    account.thumbprint,
    JSON.stringify(account.jwk),
    JSON.stringify(account.contact),
    account.termsAgreedAt,
    account.externalAccount && JSON.stringify(account.externalAccount),
    account.createdAt,
    account.deactivatedAt,
    account.revokedAt,
    account.nodeId,
  ];
}

export function fromRow(row: AccountRow): Account {
  const [id, thumbprint, jwk, contact, termsAgreedAt, externalAccount, createdAt, ...ends] = row;
  const [deactivatedAt, revokedAt, nodeId] = ends;
  return {
    id,
    jwk: JSON.parse(jwk),
    thumbprint,
    contact: JSON.parse(contact),
    termsAgreedAt,
    externalAccount: externalAccount === null ? null : JSON.parse(externalAccount),
    createdAt,
    deactivatedAt,
    revokedAt,
    nodeId,
  };
}

export function useFromRow(row: AccountUseRow): AccountAndUse {
  const [usedAt, usedFrom] = row.slice(-2) as [number | null, string | null];
  return { account: fromRow(row.slice(0, -2) as AccountRow), usedAt, usedFrom };
}

/** RFC 8555 §7.3. */
export interface AccountOperations {
  /** The account that has the key already; undefined: this one was created; `unbound`: its node does not take it. */
  createAccount(row: AccountRow, keyId: string | null): AccountRow | 'unbound' | undefined;
  getAccount(id: string): AccountRow | undefined;
  findAccountByThumbprint(thumbprint: string): AccountRow | undefined;
  updateAccount(id: string, contact: string | null, termsAgreedAt: number | null): AccountRow | undefined;
  /** Repeating it keeps the first time. */
  deactivateAccount(id: string, at: number): AccountRow | undefined;
  /** Repeating it keeps the first time. */
  revokeAccount(id: string, at: number): AccountRow | undefined;
  listAccounts(after: string | null, limit: number, nodeId: string | null): AccountUseRow[];
  getAccountAndUse(id: string): AccountUseRow | undefined;
  noteAccountUses(ids: string[], times: number[], addresses: string[]): void;
  countOrders(accountId: string, most: number): { orders: number; unfinished: boolean };
  changeAccountKey(
    id: string,
    oldThumbprint: string,
    jwk: string,
    thumbprint: string,
  ): { changed: boolean; conflict: string | null };
}

export const shared = {
  reads: {
    getAccount: (id) => get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE id = $1`, id),

    findAccountByThumbprint: (thumbprint) =>
      get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE thumbprint = $1`, thumbprint),

    listAccounts: (after, limit, nodeId) =>
      all<AccountUseRow>(
        `SELECT ${COLUMNS}, ${USE} FROM accounts WHERE id < $1${nodeId === null ? '' : ' AND node_id = $3'}
         ORDER BY id DESC LIMIT $2`,
        after ?? NEWEST,
        limit,
        ...(nodeId === null ? [] : [nodeId]),
      ),

    getAccountAndUse: (id) => get<AccountUseRow>(`SELECT ${COLUMNS}, ${USE} FROM accounts WHERE id = $1`, id),

    *countOrders(accountId, most) {
      const found = yield* all<[dueAt: number | null]>(
        'SELECT due_at FROM orders WHERE account_id = $1 ORDER BY id DESC LIMIT $2',
        accountId,
        most,
      );
      return { orders: found.length, unfinished: found.some(([dueAt]) => dueAt !== null) };
    },
  },
  writes: {
    updateAccount: (id, contact, termsAgreedAt) =>
      get<AccountRow>(
        `UPDATE accounts SET contact = coalesce($2, contact), terms_agreed_at = coalesce($3, terms_agreed_at)
         WHERE id = $1 AND deactivated_at IS NULL AND revoked_at IS NULL RETURNING ${COLUMNS}`,
        id,
        contact,
        termsAgreedAt,
      ),

    deactivateAccount: (id, at) =>
      get<AccountRow>(
        `UPDATE accounts SET deactivated_at = coalesce(deactivated_at, $2) WHERE id = $1 RETURNING ${COLUMNS}`,
        id,
        at,
      ),

    revokeAccount: (id, at) =>
      get<AccountRow>(
        `UPDATE accounts SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING ${COLUMNS}`,
        id,
        at,
      ),
  },
} satisfies SharedOperations<AccountOperations>;
