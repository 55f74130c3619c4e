import { type SettingsOperations, shared } from '../rows/settings.js';
import type { PostgresOperations } from './operations.js';
import { inPostgres } from './shared.js';

export const settingsOperations: PostgresOperations<SettingsOperations> = {
  ...inPostgres(shared),

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
