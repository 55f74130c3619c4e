import { LONGEST_LEASE, type SettingsOperations } from '../rows/settings.js';
import { read, type SqliteOperations, write } from './protocol.js';

export const settingsOperations = {
  getSetting: read((sql, name: string): string | null => {
    const row = sql.get<[value: string]>('SELECT value FROM settings WHERE name = ?', name);
    return row ? row[0] : null;
  }),
  listSettings: read((sql, prefix: string): string[] =>
    sql
      .all<[name: string]>(
        'SELECT name FROM settings WHERE name >= ? AND name < ? ORDER BY name',
        prefix,
        `${prefix}\u{10ffff}`,
      )
      .map(([name]) => name),
  ),
  putSetting: write((sql, name: string, value: string): void => {
    sql.run(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }),
  replaceSetting: write(
    (sql, name: string, before: string | null, value: string): boolean =>
      (before === null
        ? sql.run('INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING', name, value)
        : sql.run('UPDATE settings SET value = ? WHERE name = ? AND value = ?', value, name, before)) > 0,
  ),
  countSetting: write((sql, name: string, facts: string): number => {
    const row = sql.get<[value: string]>('SELECT value FROM settings WHERE name = ?', name);
    const count = (row ? Number(JSON.parse(row[0]).count) : 0) + 1;
    sql.run(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      JSON.stringify({ ...JSON.parse(facts), count }),
    );
    return count;
  }),
  takeLease: write(
    (sql, name: string, holder: string, now: number, until: number): boolean =>
      sql.run(
        `INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
         SET holder = excluded.holder, until = excluded.until
         WHERE holder = excluded.holder OR leases.until <= ? OR leases.until > ?`,
        name,
        holder,
        until,
        now,
        now + LONGEST_LEASE,
      ) > 0,
  ),
  ping: write((sql): void => {
    sql.run('UPDATE pings SET count = count + 1');
  }),
} satisfies SqliteOperations<SettingsOperations>;

export const LEASES_SCHEMA = `
  -- Who alone does a piece of work, and until when.
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

export const SETTINGS_SCHEMA = `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE pings (count INTEGER NOT NULL) STRICT;
  INSERT INTO pings VALUES (0);
`;
