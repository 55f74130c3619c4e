import type { Authorization, Challenge, Identifier } from '../../../model/facts.js';
import { get, type SharedOperations } from '../shared.js';
import { authorizationState, type State, type StoredChallenge } from './challenges.js';

/** RFC 8555 §7.1.4, §7.5. */

export const COLUMNS =
  'id, account_id, order_id, name, created_at, expires_at, deactivated_at, revoked_at, token, challenges, proven_by';

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
  provenBy: string | null,
];

/** Column of the challenges. */
export const CHALLENGES = 9;

export type InsertRow = [...AuthorizationRow, state: State];

/** An answered challenge as claimed from the queue. */
export interface ClaimedChallenge {
  authorization: AuthorizationRow;
  type: string;
  attempts: number;
  thumbprint: string;
}

/** The key of a lookup by name: `dns:*.example.com` differs from `dns:example.com`. */
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
    authorization.provenBy,
    authorizationState(stored, authorization),
  ];
}

export function fromRow(row: AuthorizationRow): Authorization {
  const [id, accountId, orderId, name, createdAt, expiresAt, deactivatedAt, revokedAt, ...rest] = row;
  const [token, challenges, provenBy] = rest;
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
    provenBy,
    challenges: (JSON.parse(challenges) as StoredChallenge[]).map((challenge) => withToken(challenge, token)),
  };
}

/**
 * Copied member by member: with a spread each parsed object would have a hidden class of its own, which slows
 * every reader.
 */
function withToken(stored: StoredChallenge, token: string): Challenge {
  const { type, answeredAt, validatedAt, failedAt, error } = stored;
  return { type, token, answeredAt, validatedAt, failedAt, error };
}

/** RFC 8555 §7.1.4, §7.5. */
export interface AuthorizationOperations {
  createAuthorization(row: InsertRow): void;
  getAuthorization(id: string): AuthorizationRow | undefined;
  /** Those that expire last first; pre-authorizations (§7.4.1) have their own share of the limit. */
  findValidAuthorizations(accountId: string, names: string[], now: number): AuthorizationRow[];
  /** Repeating it keeps the first time. It ends the validations under way. */
  deactivateAuthorization(id: string, at: number): AuthorizationRow | undefined;
  findAuthorizationByToken(token: string): AuthorizationRow | undefined;
}

export const shared = {
  reads: {
    findAuthorizationByToken: (token) =>
      get<AuthorizationRow>(
        `SELECT ${COLUMNS} FROM authorizations WHERE state = 'open' AND token = $1`,
        token,
      ),
  },
  writes: {},
} satisfies SharedOperations<AuthorizationOperations>;
