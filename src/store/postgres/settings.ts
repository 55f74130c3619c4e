import type { SettingsOperations } from '../rows/settings.js';
import type { PostgresOperations } from './operations.js';

export const settingsOperations: PostgresOperations<SettingsOperations> = {
  getSetting: async (db, name) =>
    (await db.get<[value: string]>('SELECT value FROM settings WHERE name = $1', name))?.[0] ?? null,
  listSettings: async (db, prefix) =>
    (
      await db.all<[name: string]>(
        'SELECT name FROM settings WHERE name >= $1 AND name < $2 ORDER BY name',
        prefix,
        `${prefix}\u{10ffff}`,
      )
    ).map(([name]) => name),
  async putSetting(db, name, value) {
    await db.run(
      'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  },
  async ping(db) {
    await db.run('UPDATE pings SET count = count + 1');
  },
};

export const SETTINGS_SCHEMA = `
  CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE pings (count BIGINT NOT NULL);
  INSERT INTO pings VALUES (0);
`;
