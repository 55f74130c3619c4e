import { NOTICE, type NoticeOperations, shared } from '../../rows/ra/notices.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';

/** Notices that wait to be sent, and the keys of what was announced. */

export const noticeOperations = {
  ...inSqlite(shared),

  untold: read((sql, keys) =>
    keys.filter((key) => sql.get('SELECT 1 FROM told WHERE key = ?', key) === undefined),
  ),

  queueNotices: write((sql, keys, until, rows) => {
    if (keys.some((key) => sql.get('SELECT 1 FROM told WHERE key = ?', key) !== undefined)) return false;
    for (const key of keys) sql.run('INSERT INTO told (key, until) VALUES (?, ?)', key, until);
    for (const row of rows) {
      sql.run(`INSERT INTO notices (${NOTICE}, due_at) VALUES (?, ?, ?, ?, ?, ?)`, ...row, row[3]);
    }
    return true;
  }),
} satisfies SqliteOperations<NoticeOperations>;
