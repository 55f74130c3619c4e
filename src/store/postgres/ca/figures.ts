import { HOUR } from '../../../lib/time.js';
import {
  CURSOR,
  cursorAfter,
  type FigureOperations,
  FOLDED,
  FOLDED_AFTER,
  FOLDED_TO,
  mayMatter,
  RECHECK_CURSOR,
  renewable,
  shared,
  WINDOW_END,
  WINDOW_FACTS,
  type WindowRow,
  windowCursor,
} from '../../rows/ca/figures.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { settingsOperations } from '../settings.js';
import { carryOut, inPostgres } from '../shared.js';
import { renewedAmong } from './certificates.js';

/** Counts stored beside the certificates, and the certificates that were not renewed. */

const COUNTS = 'profile, revoked, hour, slot, count';

/**
 * A row is locked until its writer commits, so each writer has its own rows (like the chains of the audit
 * log).
 */
const SLOT = 'pg_backend_pid() % 16';

const addCounts = (changes: string) => `
  INSERT INTO certificate_counts AS counts (${COUNTS})
  SELECT profile, revoked, hour, ${SLOT}, sum(change) FROM (${changes}) AS changes
  GROUP BY profile, revoked, hour HAVING sum(change) <> 0 ORDER BY profile, revoked, hour
  ON CONFLICT (profile, revoked, hour, slot) DO UPDATE SET count = counts.count + excluded.count`;

const changesOf = (table: string, change: number) =>
  `SELECT profile, (revoked_at IS NOT NULL)::integer AS revoked, not_after / ${HOUR} AS hour, ${change} AS change FROM ${table}`;

/** Statement-level triggers: a statement that inserts many certificates counts them at once. */
export const FIGURES_SCHEMA = `
  CREATE TABLE certificate_counts (
    profile TEXT COLLATE "C" NOT NULL,
    revoked INTEGER NOT NULL,
    hour BIGINT NOT NULL,
    slot INTEGER NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (profile, revoked, hour, slot)
  );
  ${addCounts(changesOf('certificates', 1))};
  CREATE FUNCTION count_certificates() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN ${addCounts(changesOf('fresh', 1))}; RETURN NULL; END $$;
  CREATE FUNCTION count_revocations() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN ${addCounts(`${changesOf('fresh', 1)} UNION ALL ${changesOf('former', -1)}`)}; RETURN NULL; END $$;
  CREATE TRIGGER certificates_are_counted AFTER INSERT ON certificates
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_certificates();
  CREATE TRIGGER revocations_are_counted AFTER UPDATE ON certificates
    REFERENCING NEW TABLE AS fresh OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION count_revocations();

  -- Certificates past the end of their renewal window and without a successor, when last examined.
  CREATE TABLE not_renewed (
    serial TEXT COLLATE "C" PRIMARY KEY,
    profile TEXT COLLATE "C" NOT NULL,
    window_end BIGINT NOT NULL
  );
  CREATE INDEX not_renewed_by_profile ON not_renewed (profile, window_end);
  CREATE INDEX certificates_by_window ON certificates ((${WINDOW_END}), serial);
`;

/** Subtracts purged certificates from the counts. */
export const UNCOUNTED_SCHEMA = `
  CREATE FUNCTION uncount_certificates() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN ${addCounts(changesOf('former', -1))}; RETURN NULL; END $$;
  CREATE TRIGGER purged_certificates_are_uncounted AFTER DELETE ON certificates
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION uncount_certificates();
`;

/** The rows whose certificates were not renewed. */
async function wantedAmong(db: Database, rows: readonly WindowRow[], now: number): Promise<WindowRow[]> {
  const candidates = rows.filter((row) => mayMatter(row, now));
  const renewed = await carryOut(db, renewedAmong(candidates.map(renewable)));
  return candidates.filter((row) => !renewed.has(row[2]));
}

export const figureOperations: PostgresOperations<FigureOperations> = {
  ...inPostgres(shared),

  async findNotRenewed(db, now, limit) {
    const [at, serial] = windowCursor(await settingsOperations.getSetting(db, CURSOR), now);
    const rows = await db.all<WindowRow>(
      `SELECT ${WINDOW_FACTS} FROM certificates
       WHERE (${WINDOW_END}, serial) > ($1::bigint, $2::text) AND ${WINDOW_END} <= $3
       ORDER BY ${WINDOW_END}, serial LIMIT $4`,
      at,
      serial,
      now,
      limit,
    );
    const last = rows.at(-1);
    if (!last) return 0;
    const wanted = await wantedAmong(db, rows, now);
    await db.run(
      `WITH kept AS (
         INSERT INTO not_renewed (serial, profile, window_end)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING
       )
       INSERT INTO settings (name, value) VALUES ($4, $5) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      wanted.map((row) => row[2]),
      wanted.map((row) => row[5]),
      wanted.map((row) => row[0]),
      CURSOR,
      cursorAfter(last, now),
    );
    return rows.length;
  },

  async recheckNotRenewed(db, now, limit) {
    const after = (await settingsOperations.getSetting(db, RECHECK_CURSOR)) ?? '';
    const rows = await db.all<WindowRow>(
      `SELECT ${WINDOW_FACTS} FROM certificates
       WHERE serial IN (SELECT serial FROM not_renewed WHERE serial > $1 ORDER BY serial LIMIT $2)`,
      after,
      limit,
    );
    const last = rows.map((row) => row[2]).reduce((one, other) => (one > other ? one : other), '');
    if (last === after) return 0;
    const wanted = new Set((await wantedAmong(db, rows, now)).map((row) => row[2]));
    await db.run(
      `WITH forgotten AS (DELETE FROM not_renewed WHERE serial = ANY ($1::text[]))
       INSERT INTO settings (name, value) VALUES ($2, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      rows.map((row) => row[2]).filter((serial) => !wanted.has(serial)),
      RECHECK_CURSOR,
      // After the last one it begins with the first again.
      rows.length < limit ? '' : last,
    );
    return rows.length;
  },

  async foldCounts(db, now) {
    const before = Math.floor(now / HOUR) - FOLDED_AFTER;
    await db.run(
      `WITH over AS (DELETE FROM certificate_counts WHERE ${FOLDED} < $1 RETURNING *)
       INSERT INTO certificate_counts AS counts (${COUNTS})
       SELECT profile, revoked, ${FOLDED_TO}, 0, sum(count) FROM over GROUP BY 1, 2, 3
       ON CONFLICT (profile, revoked, hour, slot) DO UPDATE SET count = counts.count + excluded.count`,
      before,
    );
    await db.run('DELETE FROM certificate_counts WHERE count = 0 AND hour < $1', before);
  },
};
