import { LONGEST_DEFERRAL, NOTICE, type NoticeOperations, type NoticeRow } from '../../rows/ra/notices.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** Notices that wait to be sent, and what was told. */

export const NOTICES_SCHEMA = `
  CREATE TABLE told (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX told_until ON told (until);
  CREATE TABLE notices (
    id TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    error TEXT
  ) STRICT;
  CREATE INDEX notices_due ON notices (due_at);
  CREATE INDEX notices_created ON notices (created_at);
`;

export const noticeOperations = {
  untold: read((sql, keys: readonly string[]): string[] =>
    keys.filter((key) => sql.get('SELECT 1 FROM told WHERE key = ?', key) === undefined),
  ),

  queueNotices: write((sql, keys: readonly string[], until: number, rows: readonly NoticeRow[]): boolean => {
    if (keys.some((key) => sql.get('SELECT 1 FROM told WHERE key = ?', key) !== undefined)) return false;
    for (const key of keys) sql.run('INSERT INTO told (key, until) VALUES (?, ?)', key, until);
    for (const row of rows) {
      sql.run(`INSERT INTO notices (${NOTICE}, due_at) VALUES (?, ?, ?, ?, ?, ?)`, ...row, row[3]);
    }
    return true;
  }),

  claimNotices: write((sql, now: number, leaseUntil: number, limit: number): NoticeRow[] => {
    const due = sql.all<NoticeRow>(
      `SELECT ${NOTICE} FROM notices WHERE (due_at <= ? OR due_at > ?) ORDER BY due_at LIMIT ?`,
      now,
      now + LONGEST_DEFERRAL,
      limit,
    );
    for (const [id] of due) sql.run('UPDATE notices SET due_at = ? WHERE id = ?', leaseUntil, id);
    return due;
  }),

  removeNotice: write((sql, id: string): void => {
    sql.run('DELETE FROM notices WHERE id = ?', id);
  }),

  deferNotice: write((sql, id: string, retryAt: number, error: string): void => {
    sql.run(
      'UPDATE notices SET due_at = ?, attempts = attempts + 1, error = ? WHERE id = ?',
      retryAt,
      error,
      id,
    );
  }),

  waitingNotices: read((sql, limit: number): [count: number, oldest: number | null] => [
    sql.all('SELECT 1 FROM notices LIMIT ?', limit).length,
    sql.get<[oldest: number | null]>('SELECT min(created_at) FROM notices')?.[0] ?? null,
  ]),

  forgetTold: write((sql, now: number, limit: number): number =>
    sql.run(
      'DELETE FROM told WHERE key IN (SELECT key FROM told WHERE until < ? ORDER BY until LIMIT ?)',
      now,
      limit,
    ),
  ),
} satisfies SqliteOperations<NoticeOperations>;
