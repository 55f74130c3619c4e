import type { StoreKind } from '../contract/open.js';
import { RESTORED } from '../contract/restored.js';
import { openDatabase } from './database.js';

/**
 * Marks a SQLite database that was restored from a backup; it may be of an earlier version. All CRLs of a CA
 * are then out of date: newer ones have been published, and the next number exceeds theirs, because numbers
 * follow the clock.
 * @param text facts about the backup, under the setting `restored`
 */
export function markRestored(path: string, kind: StoreKind, text: string): void {
  const db = openDatabase(path, kind);
  try {
    db.exec('BEGIN IMMEDIATE');
    db.prepare(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ).run(RESTORED, text);
    if (kind === 'ca') db.exec('UPDATE crls SET stale_up_to = max(stale_up_to, last_number)');
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}
