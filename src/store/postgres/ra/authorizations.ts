import { StoreConflict } from '../../contract/errors.js';
import {
  type AuthorizationOperations,
  type AuthorizationRow,
  CHALLENGES,
  COLUMNS,
  type InsertRow,
  shared,
} from '../../rows/ra/authorizations.js';
import { arrayParameters } from '../columns.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';
import { releasePredecessor, replacedSerial } from './certificates.js';
import type { SeenChallenges } from './seen-challenges.js';

/** RFC 8555 §7.1.4, §7.5. */

/** Most authorizations examined for one name, of each kind; more prove nothing new. */
const MAX_PER_NAME = 100;

/** The facts that decide a change of an authorization; `replaces` is that of its order. */
type Facts = [state: string, challenges: string, replaces: string | null];

export function factsOf(db: Database, id: string): Promise<Facts | undefined> {
  return db.get<Facts>(
    `SELECT state, challenges, (SELECT replaces FROM orders WHERE orders.id = authorizations.order_id)
     FROM authorizations WHERE id = $1`,
    id,
  );
}

/** Rows to insert, in their order. */
export const NEW_AUTHORIZATION = `${COLUMNS}, state`;

const PROVEN_BY = NEW_AUTHORIZATION.split(', ').indexOf('proven_by');

/** Whether a node proves it. */
export const isProven = (row: InsertRow): boolean => row[PROVEN_BY] !== null;

/**
 * SELECT of new authorizations from an array for each column, at the parameters from `$first` on. An authorization
 * proven by a node that is no longer registered is inserted revoked; a concurrent removal of the node is waited for.
 * @param proven whether any is proven by a node
 */
export function newAuthorizations(first: number, proven: boolean): string {
  const columns = NEW_AUTHORIZATION.split(', ');
  const fresh = `unnest(${arrayParameters(NEW_AUTHORIZATION, first)}) AS fresh (${NEW_AUTHORIZATION})`;
  if (!proven) return `SELECT * FROM ${fresh}`;
  const revoked: Record<string, string> = {
    revoked_at: 'CASE WHEN unproven THEN created_at ELSE revoked_at END',
    state: "CASE WHEN unproven THEN 'ended' ELSE state END",
  };
  return `
    WITH there AS (
      SELECT id FROM nodes WHERE id = ANY ($${first + PROVEN_BY}::text[]) AND removing_at IS NULL FOR SHARE
    )
    SELECT ${columns.map((column) => revoked[column] ?? `fresh.${column}`).join(', ')}
    FROM ${fresh}
    CROSS JOIN LATERAL (
      SELECT proven_by IS NOT NULL AND NOT EXISTS (SELECT FROM there WHERE there.id = proven_by) AS unproven
    ) AS proof`;
}

/** The values of those parameters. */
export function authorizationColumns(rows: readonly InsertRow[]): (string | number | null)[][] {
  return NEW_AUTHORIZATION.split(', ').map((_, index) => rows.map((row) => row[index] ?? null));
}

/** `seen` caches the challenges that are read. */
export const authorizationOperations = (
  seen: SeenChallenges,
): PostgresOperations<AuthorizationOperations> => ({
  ...inPostgres(shared),

  async createAuthorization(db, row) {
    const created = await db.run(
      `INSERT INTO authorizations (${NEW_AUTHORIZATION})
       SELECT * FROM (${newAuthorizations(1, isProven(row))}) AS made WHERE EXISTS (SELECT FROM accounts WHERE id = account_id)`,
      ...authorizationColumns([row]),
    );
    if (created === 0) throw new StoreConflict('the authorization is of no account');
  },

  async getAuthorization(db, id) {
    const row = await db.get<AuthorizationRow>(`SELECT ${COLUMNS} FROM authorizations WHERE id = $1`, id);
    if (row) seen.note(id, row[CHALLENGES]);
    return row;
  },

  findValidAuthorizations: (db, accountId, names, now) =>
    db.all<AuthorizationRow>(
      `SELECT found.* FROM unnest($2::text[]) WITH ORDINALITY AS wanted (name, number)
       CROSS JOIN (VALUES (true), (false)) AS kind (without_order)
       CROSS JOIN LATERAL (
         SELECT ${COLUMNS} FROM authorizations
         WHERE state = 'valid' AND account_id = $1 AND name = wanted.name
           AND (order_id IS NULL) = kind.without_order AND expires_at > $3
         ORDER BY expires_at DESC LIMIT ${MAX_PER_NAME}
       ) AS found
       ORDER BY wanted.number, kind.without_order DESC, found.expires_at DESC`,
      accountId,
      names,
      now,
    ),

  async deactivateAuthorization(db, id, at) {
    const facts = await factsOf(db, id);
    if (!facts) return undefined;
    return db.get<AuthorizationRow>(
      `WITH deactivated AS (
         UPDATE authorizations SET deactivated_at = coalesce(deactivated_at, $2), state = 'ended'
         WHERE id = $1 RETURNING ${COLUMNS}
       ),
       given_up AS (DELETE FROM open_validations WHERE authorization_id = $1),
       ${releasePredecessor('SELECT order_id FROM deactivated', '$3')}
       SELECT ${COLUMNS} FROM deactivated`,
      id,
      at,
      replacedSerial(facts[2]),
    );
  },
});
