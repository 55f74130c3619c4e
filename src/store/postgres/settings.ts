import { LONGEST_LEASE, type SettingsOperations } from '../rows/settings.js';
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
  replaceSetting: async (db, name, before, value) =>
    (before === null
      ? await db.run('INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', name, value)
      : await db.run('UPDATE settings SET value = $2 WHERE name = $1 AND value = $3', name, value, before)) >
    0,
  async countSetting(db, name, facts) {
    const row = await db.get<[count: string]>(
      `INSERT INTO settings (name, value) VALUES ($1, ($2::jsonb || jsonb_build_object('count', 1))::text)
       ON CONFLICT (name) DO UPDATE
       SET value = ($2::jsonb || jsonb_build_object('count', (settings.value::jsonb->>'count')::bigint + 1))::text
       RETURNING value::jsonb->>'count'`,
      name,
      facts,
    );
    return Number(row?.[0]);
  },
  takeLease: async (db, name, holder, now, until) =>
    (await db.get(
      `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, until = excluded.until
       WHERE leases.holder = excluded.holder OR leases.until <= $4 OR leases.until > $5 RETURNING 1`,
      name,
      holder,
      until,
      now,
      now + LONGEST_LEASE,
    )) !== undefined,
  async ping(db) {
    await db.run('UPDATE pings SET count = count + 1');
  },
};

export const LEASES_SCHEMA = `
  -- Who alone does a piece of work, and until when.
  CREATE TABLE leases (name TEXT COLLATE "C" PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);
`;

export const SETTINGS_SCHEMA = `
  CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE pings (count BIGINT NOT NULL);
  INSERT INTO pings VALUES (0);
`;
