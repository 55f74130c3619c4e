import { HOUR } from '../../../lib/time.js';
import {
  CURSOR,
  cursorAfter,
  type FigureOperations,
  FOLDED,
  FOLDED_AFTER,
  FOLDED_TO,
  isNotRenewed,
  mayMatter,
  RECHECK_CURSOR,
  renewable,
  shared,
  WINDOW_END,
  WINDOW_FACTS,
  type WindowRow,
  windowCursor,
} from '../../rows/ca/figures.js';
import { type SqliteOperations, write } from '../protocol.js';
import { settingsOperations } from '../settings.js';
import { carryOut, inSqlite } from '../shared.js';
import type { Row, Sql } from '../sql.js';
import { laterThan } from './certificates.js';

/** Counts stored beside the certificates, and the certificates that were not renewed. */

const COUNTS = 'profile, revoked, hour, slot, count';

const addCount = (row: 'NEW' | 'OLD', revoked: string, count: number) =>
  `INSERT INTO certificate_counts (${COUNTS}) VALUES (${row}.profile, ${revoked}, ${row}.not_after / ${HOUR}, 0, ${count})
   ON CONFLICT (profile, revoked, hour, slot) DO UPDATE SET count = count + excluded.count;`;

/** Counts by profile, whether revoked, and the hour of the end. */
export const FIGURES_SCHEMA = `
  CREATE TABLE certificate_counts (
    profile TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (profile, revoked, hour, slot)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO certificate_counts (${COUNTS})
    SELECT profile, revoked_at IS NOT NULL, not_after / ${HOUR}, 0, count(*) FROM certificates GROUP BY 1, 2, 3;
  CREATE TRIGGER certificates_are_counted AFTER INSERT ON certificates BEGIN
    ${addCount('NEW', 'NEW.revoked_at IS NOT NULL', 1)}
  END;
  CREATE TRIGGER revocations_are_counted AFTER UPDATE OF revoked_at ON certificates
    WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL BEGIN
    ${addCount('OLD', '0', -1)} ${addCount('NEW', '1', 1)}
  END;
  CREATE TRIGGER ended_holds_are_counted AFTER UPDATE OF revoked_at ON certificates
    WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL BEGIN
    ${addCount('OLD', '1', -1)} ${addCount('NEW', '0', 1)}
  END;

  -- Certificates past the end of their renewal window and without a successor, when last examined.
  CREATE TABLE not_renewed (
    serial TEXT PRIMARY KEY,
    profile TEXT NOT NULL,
    window_end INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX not_renewed_by_profile ON not_renewed (profile, window_end);
  CREATE INDEX certificates_by_window ON certificates (${WINDOW_END}, serial);
`;

/**
 * Counts a new certificate without an upsert, whose update aborts on an error whatever the insertion does. A statement that may abort
 * after its first change copies every page before it changes it; `INSERT OR FAIL` thus costs a quarter less.
 */
export const CHEAPER_COUNT_SCHEMA = `
  DROP TRIGGER certificates_are_counted;
  CREATE TRIGGER certificates_are_counted AFTER INSERT ON certificates BEGIN
    INSERT INTO certificate_counts (${COUNTS})
      VALUES (NEW.profile, NEW.revoked_at IS NOT NULL, NEW.not_after / ${HOUR}, 0, 0) ON CONFLICT DO NOTHING;
    UPDATE certificate_counts SET count = count + 1
      WHERE profile = NEW.profile AND revoked = (NEW.revoked_at IS NOT NULL) AND hour = NEW.not_after / ${HOUR} AND slot = 0;
  END;
`;

/** Subtracts purged certificates from the counts. */
export const UNCOUNTED_SCHEMA = `
  CREATE TRIGGER purged_certificates_are_uncounted AFTER DELETE ON certificates BEGIN
    ${addCount('OLD', 'OLD.revoked_at IS NOT NULL', -1)}
  END;
`;

function isWanted(sql: Sql, row: WindowRow, now: number): boolean {
  return mayMatter(row, now) && isNotRenewed(row, carryOut(sql, laterThan(renewable(row))), now);
}

export const figureOperations = {
  ...inSqlite(shared),

  findNotRenewed: write((sql, now, limit) => {
    const [at, serial] = windowCursor(settingsOperations.getSetting.run(sql, CURSOR), now);
    const rows = sql.all<WindowRow>(
      `SELECT ${WINDOW_FACTS} FROM certificates
       WHERE ${WINDOW_END} >= ? AND ${WINDOW_END} <= ? AND NOT (${WINDOW_END} = ? AND serial <= ?)
       ORDER BY ${WINDOW_END}, serial LIMIT ?`,
      at,
      now,
      at,
      serial,
      limit,
    );
    for (const row of rows.filter((each) => isWanted(sql, each, now))) {
      sql.run(
        'INSERT INTO not_renewed (serial, profile, window_end) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        row[2],
        row[5],
        row[0],
      );
    }
    const last = rows.at(-1);
    if (last) settingsOperations.putSetting.run(sql, CURSOR, cursorAfter(last, now));
    return rows.length;
  }),

  recheckNotRenewed: write((sql, now, limit) => {
    const after = settingsOperations.getSetting.run(sql, RECHECK_CURSOR) ?? '';
    const rows = sql.all<WindowRow>(
      `SELECT ${WINDOW_FACTS} FROM certificates
       WHERE serial IN (SELECT serial FROM not_renewed WHERE serial > ? ORDER BY serial LIMIT ?)`,
      after,
      limit,
    );
    for (const row of rows.filter((each) => !isWanted(sql, each, now))) {
      sql.run('DELETE FROM not_renewed WHERE serial = ?', row[2]);
    }
    const last = rows.map((row) => row[2]).reduce((one, other) => (one > other ? one : other), '');
    // After the last one it begins with the first again.
    if (last !== after)
      settingsOperations.putSetting.run(sql, RECHECK_CURSOR, rows.length < limit ? '' : last);
    return rows.length;
  }),

  foldCounts: write((sql, now) => {
    const before = Math.floor(now / HOUR) - FOLDED_AFTER;
    const over = sql.all<Row>(
      `SELECT profile, revoked, ${FOLDED_TO}, 0, sum(count) FROM certificate_counts
       WHERE ${FOLDED} < ? GROUP BY 1, 2, 3`,
      before,
    );
    sql.run(`DELETE FROM certificate_counts WHERE ${FOLDED} < ?`, before);
    for (const row of over) {
      sql.run(
        `INSERT INTO certificate_counts (${COUNTS}) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (profile, revoked, hour, slot) DO UPDATE SET count = count + excluded.count`,
        ...row,
      );
    }
    sql.run('DELETE FROM certificate_counts WHERE count = 0 AND hour < ?', before);
  }),
} satisfies SqliteOperations<FigureOperations>;
