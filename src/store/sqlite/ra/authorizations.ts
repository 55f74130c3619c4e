import {
  type AuthorizationOperations,
  type AuthorizationRow,
  COLUMNS,
  type InsertRow,
  shared,
} from '../../rows/ra/authorizations.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';
import { releasePredecessor } from './certificates.js';

/** RFC 8555 §7.1.4, §7.5. */

/** Stored revoked when it is proven by a node that is no longer registered. */
export function insertAuthorization(sql: Sql, row: InsertRow): void {
  const [id, , , , createdAt] = row;
  const provenBy = row[10];
  sql.run(
    `INSERT INTO authorizations (${COLUMNS}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...row,
  );
  if (provenBy === null || sql.get('SELECT 1 FROM nodes WHERE id = ? AND removing_at IS NULL', provenBy))
    return;
  sql.run("UPDATE authorizations SET revoked_at = ?, state = 'ended' WHERE id = ?", createdAt, id);
}

export function authorizationById(sql: Sql, id: string): AuthorizationRow | undefined {
  return sql.get<AuthorizationRow>(`SELECT ${COLUMNS} FROM authorizations WHERE id = ?`, id);
}

/** Most authorizations examined for one name, of each kind; more prove nothing new. */
const MAX_PER_NAME = 100;

export const authorizationOperations = {
  ...inSqlite(shared),

  createAuthorization: write(insertAuthorization),

  getAuthorization: read(authorizationById),

  /** Those that expire last first; pre-authorizations (§7.4.1) have their own share of the limit. */
  findValidAuthorizations: read((sql, accountId, names, now) =>
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

  /** Repeating it keeps the first time. It ends the validations under way. */
  deactivateAuthorization: write((sql, id, at) => {
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
} satisfies SqliteOperations<AuthorizationOperations>;
