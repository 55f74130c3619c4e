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
