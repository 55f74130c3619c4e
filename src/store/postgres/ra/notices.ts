import { StoreConflict } from '../../contract/errors.js';
import { NOTICE, type NoticeOperations, shared } from '../../rows/ra/notices.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** Notices that wait to be sent, and the keys of what was announced. */

export const noticeOperations: PostgresOperations<NoticeOperations> = {
  ...inPostgres(shared),

  async untold(db, keys) {
    const rows = await db.all<[key: string]>(
      'SELECT key FROM unnest($1::text[]) AS asked (key) WHERE NOT EXISTS (SELECT FROM told WHERE told.key = asked.key)',
      [...keys],
    );
    return rows.map(([key]) => key);
  },

  async queueNotices(db, keys, until, rows) {
    try {
      await db.run(
        `WITH remembered AS (INSERT INTO told (key, until) SELECT key, $2 FROM unnest($1::text[]) AS key)
         INSERT INTO notices (${NOTICE}, due_at)
         SELECT id, target, body, created_at, 0, created_at
         FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) AS fresh (id, target, body, created_at)`,
        [...keys],
        until,
        rows.map((row) => row[0]),
        rows.map((row) => row[1]),
        rows.map((row) => row[2]),
        rows.map((row) => row[3]),
      );
      return true;
    } catch (error) {
      // Another replica was first: the whole statement is undone.
      if (error instanceof StoreConflict) return false;
      throw error;
    }
  },
};
