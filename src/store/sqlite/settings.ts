import type { SettingsOperations } from '../rows/settings.js';
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
  ping: write((sql): void => {
    sql.run('UPDATE pings SET count = count + 1');
  }),
} satisfies SqliteOperations<SettingsOperations>;

export const SETTINGS_SCHEMA = `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE pings (count INTEGER NOT NULL) STRICT;
  INSERT INTO pings VALUES (0);
`;
