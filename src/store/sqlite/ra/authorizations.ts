import type { Authorization, Challenge, Identifier } from '../../../ra/types.js';
import { read, write } from '../protocol.js';
import type { Sql } from '../sql.js';
import { releasePredecessor } from './certificates.js';

/** RFC 8555 §7.1.4, §7.5. */

export const COLUMNS =
  'id, account_id, order_id, name, created_at, expires_at, deactivated_at, revoked_at, token, challenges';

export type AuthorizationRow = [
  id: string,
  accountId: string,
  orderId: string | null,
  name: string,
  createdAt: number,
  expiresAt: number,
  deactivatedAt: number | null,
  revokedAt: number | null,
  token: string,
  challenges: string,
];

/** A challenge as stored: the token is the authorization's. */
export type StoredChallenge = Omit<Challenge, 'token'>;

type State = 'open' | 'valid' | 'ended';
export type InsertRow = [...AuthorizationRow, state: State];

/** What the indexes go by: whether there is still something to answer, and whether it proves something. */
export function stateOf(
  challenges: readonly StoredChallenge[],
  ended: { deactivatedAt: number | null; revokedAt: number | null },
): State {
  if (ended.deactivatedAt !== null || ended.revokedAt !== null) return 'ended';
  if (challenges.some((challenge) => challenge.validatedAt !== null)) return 'valid';
  return challenges.some((challenge) => challenge.failedAt !== null) ? 'ended' : 'open';
}

/** The key of a lookup by name: `dns:*.example.com` is another name than `dns:example.com`. */
export function nameOf(identifier: Identifier): string {
  return `${identifier.type}:${identifier.value}`;
}

export function toRow(authorization: Authorization): InsertRow {
  const { identifier, wildcard, challenges } = authorization;
  const stored: StoredChallenge[] = challenges.map(({ token: _, ...challenge }) => challenge);
  return [
    authorization.id,
    authorization.accountId,
    authorization.orderId,
    `${identifier.type}:${wildcard ? '*.' : ''}${identifier.value}`,
    authorization.createdAt,
    authorization.expiresAt,
    authorization.deactivatedAt,
    authorization.revokedAt,
    challenges[0]?.token ?? '',
    JSON.stringify(stored),
    stateOf(stored, authorization),
  ];
}

export function fromRow(row: AuthorizationRow): Authorization {
  const [id, accountId, orderId, name, createdAt, expiresAt, deactivatedAt, revokedAt, token, challenges] =
    row;
  const wildcard = name.startsWith('dns:*.');
  const colon = name.indexOf(':');
  return {
    id,
    accountId,
    orderId,
    identifier: {
      type: name.slice(0, colon) === 'ip' ? 'ip' : 'dns',
      value: name.slice(wildcard ? colon + 3 : colon + 1),
    },
    wildcard,
    createdAt,
    expiresAt,
    deactivatedAt,
    revokedAt,
    challenges: (JSON.parse(challenges) as StoredChallenge[]).map((challenge) => ({ ...challenge, token })),
  };
}

export function insertAuthorization(sql: Sql, row: InsertRow): void {
  sql.run(`INSERT INTO authorizations (${COLUMNS}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...row);
}

export function authorizationById(sql: Sql, id: string): AuthorizationRow | undefined {
  return sql.get<AuthorizationRow>(`SELECT ${COLUMNS} FROM authorizations WHERE id = ?`, id);
}

/** Most authorizations looked at for one name, of each kind; more prove nothing new. */
const MAX_PER_NAME = 100;

export const authorizationOperations = {
  createAuthorization: write(insertAuthorization),

  getAuthorization: read(authorizationById),

  /** Those that expire last first; pre-authorizations (§7.4.1) have their own share of the limit. */
  findValidAuthorizations: read((sql, accountId: string, names: string[], now: number): AuthorizationRow[] =>
    names.flatMap((name) =>
      [1, 0].flatMap((withoutOrder) =>
        sql.all<AuthorizationRow>(
          `SELECT ${COLUMNS} FROM authorizations
           WHERE state = 'valid' AND account_id = ? AND name = ? AND (order_id IS NULL) = ? AND expires_at > ?
           ORDER BY expires_at DESC LIMIT ${MAX_PER_NAME}`,
          accountId,
          name,
          withoutOrder,
          now,
        ),
      ),
    ),
  ),

  /** Doing it again keeps the first time. Validations under way come to nothing. */
  deactivateAuthorization: write((sql, id: string, at: number): AuthorizationRow | undefined => {
    sql.run('DELETE FROM open_validations WHERE authorization_id = ?', id);
    const row = sql.get<AuthorizationRow>(
      `UPDATE authorizations SET deactivated_at = coalesce(deactivated_at, ?), state = 'ended'
       WHERE id = ? RETURNING ${COLUMNS}`,
      at,
      id,
    );
    if (row?.[2]) releasePredecessor(sql, row[2]);
    return row;
  }),

  findAuthorizationByToken: read((sql, token: string): AuthorizationRow | undefined =>
    sql.get<AuthorizationRow>(
      `SELECT ${COLUMNS} FROM authorizations WHERE state = 'open' AND token = ?`,
      token,
    ),
  ),
};
