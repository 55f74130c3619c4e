import type { Account, AccountAndUse } from '../../../model/facts.js';

/** RFC 8555 §7.3. */

export const COLUMNS =
  'id, thumbprint, jwk, contact, terms_agreed_at, external_account, created_at, deactivated_at, revoked_at, ' +
  'node_id';

/** Beside them: what is noted of its use. */
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
