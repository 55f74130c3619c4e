import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreRefused } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { migrate } from './migrations.js';

/** How long another process (a command-line tool, a backup) may hold the write lock before a batch fails. */
const BUSY_TIMEOUT_MS = 5_000;
/** WAL pages between checkpoints: 16 MB, so that a busy page is copied to the database once for many commits. */
const CHECKPOINT_PAGES = 4_000;

/**
 * Opens (or creates) a database: file 0600, its folder, when created here, 0700. A commit is on disk when it returns
 * (WAL with synchronous=FULL). Throws StoreTooNew for a schema of a newer program, StoreRefused for a file that was
 * moved or belongs to another program.
 */
export function openDatabase(path: string, kind: StoreKind): DatabaseSyncInstance {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Created before SQLite opens it, so that it is never readable by others; -wal and -shm get the same mode.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const db = new DatabaseSync(path);
  try {
    db.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    `);
    migrate(db, kind);
    refuseMoved(db, kind);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** Setting with the new place of the data that was moved out of this file. */
const MOVED = 'moved';

/**
 * Marks a database as moved, within the current transaction: opening it then names the new place, so that a
 * start without it does not return to old data.
 */
export function markMoved(db: DatabaseSyncInstance, to: string, at: number): void {
  db.prepare('INSERT INTO settings (name, value) VALUES (?, ?)').run(MOVED, JSON.stringify({ to, at }));
}

function refuseMoved(db: DatabaseSyncInstance, kind: StoreKind): void {
  const row = db.prepare('SELECT value FROM settings WHERE name = ?').get(MOVED);
  if (row === undefined) return;
  const { to, at } = JSON.parse(String((row as { value: unknown }).value)) as { to: string; at: number };
  const variable = kind === 'ra' ? 'UPKI_DATABASE_URL' : 'UPKI_CA_DATABASE_URL';
  throw new StoreRefused(
    `what this file held was copied to ${to} on ${new Date(at).toISOString()} and goes on there: start with ${variable}`,
  );
}
