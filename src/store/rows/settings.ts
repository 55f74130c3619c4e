import { all, changes, get, run, type SharedOperations } from './shared.js';

/** A lease that ends later than this from now was taken with a wrong clock and is ignored, in ms. */
const LONGEST_LEASE = 3_600_000;

/** Small named values, and the proof that a write can be made durable; the same in both schemas. */
export interface SettingsOperations {
  getSetting(name: string): string | null;
  listSettings(prefix: string): string[];
  putSetting(name: string, value: string): void;
  /**
   * True when the setting was `before` (null: there was none) and is `value` now; false when it is something else.
   */
  replaceSetting(name: string, before: string | null, value: string): boolean;
  /** The setting becomes the JSON object `facts` with `count`, one more than it had. */
  countSetting(name: string, facts: string): number;
  takeLease(name: string, holder: string, now: number, until: number): boolean;
  /** Changes a page, so that COMMIT has something to write. */
  ping(): void;
}

export const shared = {
  reads: {
    *getSetting(name) {
      const row = yield* get<[value: string]>('SELECT value FROM settings WHERE name = $1', name);
      return row?.[0] ?? null;
    },

    *listSettings(prefix) {
      const rows = yield* all<[name: string]>(
        'SELECT name FROM settings WHERE name >= $1 AND name < $2 ORDER BY name',
        prefix,
        `${prefix}\u{10ffff}`,
      );
      return rows.map(([name]) => name);
    },
  },
  writes: {
    *putSetting(name, value) {
      yield* run(
        'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        name,
        value,
      );
    },

    replaceSetting: (name, before, value) =>
      before === null
        ? changes('INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', name, value)
        : changes('UPDATE settings SET value = $2 WHERE name = $1 AND value = $3', name, value, before),

    takeLease: (name, holder, now, until) =>
      changes(
        `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE
         SET holder = excluded.holder, until = excluded.until
         WHERE leases.holder = excluded.holder OR leases.until <= $4 OR leases.until > $5`,
        name,
        holder,
        until,
        now,
        now + LONGEST_LEASE,
      ),

    *ping() {
      yield* run('UPDATE pings SET count = count + 1');
    },
  },
} satisfies SharedOperations<SettingsOperations>;
