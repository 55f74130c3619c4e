import { Client } from 'pg';
import type { StoreKind } from '../contract/open.js';
import { RESTORED } from '../contract/restored.js';
import { storeError } from './failures.js';
import { migrate, SCHEMAS } from './migrations.js';

/** The same as in SQLite. @throws StoreUnavailable, StoreTooNew, StoreRefused */
export async function markSchemaRestored(url: string, kind: StoreKind, text: string): Promise<void> {
  await migrate(url, kind);
  const client = new Client({ connectionString: url, application_name: 'upki' });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`BEGIN; SET LOCAL search_path = ${SCHEMAS[kind]}; SET LOCAL synchronous_commit = on`);
    await client.query(
      'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      [RESTORED, text],
    );
    if (kind === 'ca') await client.query('UPDATE crls SET stale_up_to = greatest(stale_up_to, last_number)');
    await client.query('COMMIT');
  } catch (error) {
    throw storeError(error);
  } finally {
    await client.end();
  }
}
