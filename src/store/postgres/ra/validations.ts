import { type AuthorizationRow, COLUMNS } from '../../rows/ra/authorizations.js';
import { answered, attempted, completed } from '../../rows/ra/challenges.js';
import type { ValidationOperations } from '../../rows/ra/operations.js';
import { inTurns, LONGEST_PAUSE, MOST_LOOKED_AT } from '../../rows/ra/turns.js';
import { qualified } from '../columns.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { factsOf } from './authorizations.js';
import { releasePredecessor, replacedSerial } from './certificates.js';
import type { SeenChallenges } from './seen-challenges.js';

/** The queue of answered challenges (RFC 8555 §7.5.1, §8.2). */

/**
 * Changes the challenges of an authorization that is still open. `change` computes the new challenges (null: no
 * change); `store` writes them only if the old ones are unchanged, else both are repeated. Undefined when there was
 * no change.
 */
async function changeChallenges<T>(
  db: Database,
  id: string,
  change: (challenges: string) => string | null,
  store: (before: string, after: string, replaces: string | null) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (;;) {
    const [state, before, replaces] = (await factsOf(db, id)) ?? ['ended', '', null];
    const after = state === 'open' ? change(before) : null;
    if (after === null) return undefined;
    const stored = await store(before, after, replaces);
    if (stored !== undefined) return stored;
  }
}

/** Due validations, and those deferred by a clock that was ahead. */
const dueWhere = (condition: string) =>
  `SELECT a.account_id, v.authorization_id, v.type
   FROM open_validations v JOIN authorizations a ON a.id = v.authorization_id
   WHERE ${condition} ORDER BY v.due_at LIMIT $2`;

/**
 * §7.1.6: the first outcome decides the authorization and ends its other challenges. `how` changes it; `then` continues the statement.
 */
const decide = (how: string, then = '') => `
  WITH decided AS (
    UPDATE authorizations SET challenges = $3, ${how}
    WHERE id = $1 AND challenges = $2 AND state = 'open' RETURNING ${COLUMNS}
  ),
  over AS (DELETE FROM open_validations WHERE authorization_id = $1 AND EXISTS (SELECT FROM decided))
  ${then}
  SELECT ${COLUMNS} FROM decided`;
/** An authorization that expired meanwhile is invalid, and stays so. */
const SUCCEEDED = decide(
  "state = 'valid', expires_at = CASE WHEN expires_at > $4 THEN $5 ELSE expires_at END",
);
const FAILED = decide("state = 'ended'", `, ${releasePredecessor('SELECT order_id FROM decided', '$4')}`);

/** `seen`: the challenges from the last reads of authorizations, which saves reading them again. */
export const validationOperations = (seen: SeenChallenges): PostgresOperations<ValidationOperations> => ({
  async answerChallenge(db, id, type, at, leaseUntil) {
    const done = await changeChallenges(
      db,
      id,
      (challenges) => answered(challenges, type, at),
      (before, after) =>
        db.get(
          `WITH answered AS (
             UPDATE authorizations SET challenges = $3 WHERE id = $1 AND challenges = $2 AND state = 'open'
             RETURNING id
           )
           INSERT INTO open_validations (authorization_id, type, due_at)
           SELECT id, $4, $5 FROM answered RETURNING true`,
          id,
          before,
          after,
          type,
          leaseUntil,
        ),
    );
    return done !== undefined;
  },

  async claimValidations(db, now, leaseUntil, limit, perAccount) {
    const due = await db.all<[accountId: string, authorizationId: string, type: string]>(
      `(${dueWhere('v.due_at <= $1')}) UNION ALL (${dueWhere('v.due_at > $3')})`,
      now,
      MOST_LOOKED_AT,
      now + LONGEST_PAUSE,
    );
    const chosen = inTurns(
      due.map(([accountId, authorizationId, type]) => ({ accountId, authorizationId, type })),
      limit,
      perAccount,
    );
    if (chosen.length === 0) return [];
    // Another RA may be claiming the same validations: those that it locked or leased meanwhile are skipped.
    const claimed = await db.all<[type: string, attempts: number, thumbprint: string, ...AuthorizationRow]>(
      `WITH chosen AS (
         SELECT authorization_id, type, turn
         FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS c (authorization_id, type, turn)
       ),
       due AS (
         SELECT v.authorization_id, v.type, chosen.turn
         FROM chosen JOIN open_validations v
           ON v.authorization_id = chosen.authorization_id AND v.type = chosen.type
         WHERE (v.due_at <= $1 OR v.due_at > $5) FOR UPDATE OF v SKIP LOCKED
       ),
       claimed AS (
         UPDATE open_validations v SET due_at = $2 FROM due
         WHERE v.authorization_id = due.authorization_id AND v.type = due.type
         RETURNING v.authorization_id, v.type, v.attempts, due.turn
       )
       SELECT claimed.type, claimed.attempts, accounts.thumbprint, ${qualified(COLUMNS, 'a')}
       FROM claimed
       JOIN authorizations a ON a.id = claimed.authorization_id
       JOIN accounts ON accounts.id = a.account_id
       ORDER BY claimed.turn`,
      now,
      leaseUntil,
      chosen.map(({ authorizationId }) => authorizationId),
      chosen.map(({ type }) => type),
      now + LONGEST_PAUSE,
    );
    return claimed.map(([type, attempts, thumbprint, ...authorization]) => ({
      authorization,
      type,
      attempts,
      thumbprint,
    }));
  },

  async recordAttempt(db, id, type, error, retryAt) {
    await changeChallenges(
      db,
      id,
      (challenges) => attempted(challenges, type, error),
      (before, after) =>
        db.get(
          `WITH queued AS (
             SELECT authorization_id FROM open_validations
             WHERE authorization_id = $1 AND type = $4 FOR UPDATE
           ),
           told AS (
             UPDATE authorizations SET challenges = $3
             WHERE id = $1 AND challenges = $2 AND state = 'open' AND EXISTS (SELECT FROM queued)
             RETURNING id
           ),
           counted AS (
             UPDATE open_validations SET attempts = attempts + 1, due_at = $5
             WHERE authorization_id = (SELECT id FROM told) AND type = $4
           )
           SELECT true WHERE EXISTS (SELECT FROM told) OR NOT EXISTS (SELECT FROM queued)`,
          id,
          before,
          after,
          type,
          retryAt,
        ),
    );
  },

  async completeValidation(db, id, type, answeredAt, at, error, expiresAt) {
    const change = (challenges: string) => completed(challenges, type, { answeredAt, at, error });
    const store = (before: string, after: string, replaces: string | null) =>
      error === null
        ? db.get<AuthorizationRow>(SUCCEEDED, id, before, after, at, expiresAt)
        : db.get<AuthorizationRow>(FAILED, id, before, after, replacedSerial(replaces));
    // A success releases no predecessor, so only the challenges matter.
    const before = error === null ? seen.take(id) : null;
    const after = before === null ? null : change(before);
    const stored = before !== null && after !== null ? await store(before, after, null) : undefined;
    return stored ?? changeChallenges(db, id, change, store);
  },
});
