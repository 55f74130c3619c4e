import type { Account } from '../../../model/facts.js';

/** RFC 8555 §7.3. */

export const COLUMNS =
  'id, thumbprint, jwk, contact, terms_agreed_at, external_account, created_at, deactivated_at, revoked_at';

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
];

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
  ];
}

export function fromRow(row: AccountRow): Account {
  const [id, thumbprint, jwk, contact, termsAgreedAt, externalAccount, createdAt, deactivatedAt, revokedAt] =
    row;
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
  };
}
