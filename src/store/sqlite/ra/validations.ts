import { type AuthorizationRow, COLUMNS } from '../../rows/ra/authorizations.js';
import { answered, attempted, completed } from '../../rows/ra/challenges.js';
import type { ValidationOperations } from '../../rows/ra/operations.js';
import { inTurns, LONGEST_PAUSE, MOST_LOOKED_AT } from '../../rows/ra/turns.js';
import { type SqliteOperations, write } from '../protocol.js';
import type { Sql } from '../sql.js';
import { releasePredecessor } from './certificates.js';

/** The queue of answered challenges (RFC 8555 §7.5.1, §8.2). */

/** The challenges of an authorization still open, else undefined. */
function openChallenges(sql: Sql, id: string): string | undefined {
  return sql.get<[challenges: string]>(
    "SELECT challenges FROM authorizations WHERE id = ? AND state = 'open'",
    id,
  )?.[0];
}

function putChallenges(sql: Sql, id: string, challenges: string): void {
  sql.run('UPDATE authorizations SET challenges = ? WHERE id = ?', challenges, id);
}

const QUALIFIED = COLUMNS.split(', ')
  .map((column) => `a.${column}`)
  .join(', ');

const dueWhere = (condition: string) => `
  SELECT a.account_id, v.authorization_id, v.type
  FROM open_validations v
  JOIN authorizations a ON a.id = v.authorization_id
  WHERE ${condition} ORDER BY v.due_at LIMIT ?`;
const DUE = dueWhere('v.due_at <= ?');
/** Validations deferred by a clock that was ahead. */
const PUT_OFF = dueWhere('v.due_at > ?');
type Due = [accountId: string, authorizationId: string, type: string];

const CLAIMED = `
  SELECT v.type, v.attempts, accounts.thumbprint, ${QUALIFIED}
  FROM open_validations v
  JOIN authorizations a ON a.id = v.authorization_id
  JOIN accounts ON accounts.id = a.account_id
  WHERE v.authorization_id = ? AND v.type = ?`;

type ClaimedRow = [type: string, attempts: number, thumbprint: string, ...AuthorizationRow];

export const validationOperations = {
  answerChallenge: write((sql, id, type, at, leaseUntil) => {
    const open = openChallenges(sql, id);
    const challenges = open === undefined ? null : answered(open, type, at);
    if (challenges === null) return false;
    putChallenges(sql, id, challenges);
    sql.run(
      'INSERT INTO open_validations (authorization_id, type, due_at) VALUES (?, ?, ?)',
      id,
      type,
      leaseUntil,
    );
    return true;
  }),

  claimValidations: write((sql, now, leaseUntil, limit, perAccount) => {
    const due = [
      ...sql.all<Due>(DUE, now, MOST_LOOKED_AT),
      ...sql.all<Due>(PUT_OFF, now + LONGEST_PAUSE, MOST_LOOKED_AT),
    ].map(([accountId, authorizationId, type]) => ({ accountId, authorizationId, type }));
    return inTurns(due, limit, perAccount).flatMap(({ authorizationId, type }) => {
      const row = sql.get<ClaimedRow>(CLAIMED, authorizationId, type);
      if (row === undefined) return [];
      sql.run(
        'UPDATE open_validations SET due_at = ? WHERE authorization_id = ? AND type = ?',
        leaseUntil,
        authorizationId,
        type,
      );
      const [, attempts, thumbprint, ...authorization] = row;
      return [{ authorization, type, attempts, thumbprint }];
    });
  }),

  recordAttempt: write((sql, id, type, error, retryAt) => {
    const counted = sql.run(
      'UPDATE open_validations SET attempts = attempts + 1, due_at = ? WHERE authorization_id = ? AND type = ?',
      retryAt,
      id,
      type,
    );
    const open = openChallenges(sql, id);
    const challenges = counted === 0 || open === undefined ? null : attempted(open, type, error);
    if (challenges !== null) putChallenges(sql, id, challenges);
  }),

  /** Undefined when the validation was ended before, by its outcome or with its authorization. */
  completeValidation: write((sql, id, type, answeredAt, at, error, expiresAt) => {
    const open = openChallenges(sql, id);
    const challenges = open === undefined ? null : completed(open, type, { answeredAt, at, error });
    if (challenges === null) return undefined;
    // §7.1.6: the first outcome decides the authorization and ends its other challenges. An authorization that
    // expired meanwhile is invalid, and stays so.
    sql.run('DELETE FROM open_validations WHERE authorization_id = ?', id);
    const row = sql.get<AuthorizationRow>(
      `UPDATE authorizations SET challenges = ?, state = ?, expires_at = iif(? AND expires_at > ?, ?, expires_at)
         WHERE id = ? RETURNING ${COLUMNS}`,
      challenges,
      error === null ? 'valid' : 'ended',
      error === null ? 1 : 0,
      at,
      expiresAt,
      id,
    );
    if (error !== null && row?.[2]) releasePredecessor(sql, row[2]);
    return row;
  }),
} satisfies SqliteOperations<ValidationOperations>;
