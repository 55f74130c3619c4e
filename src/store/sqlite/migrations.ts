import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreRefused, StoreTooNew } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { caMigrations } from './ca/schema.js';
import type { Migration } from './migration.js';
import { raMigrations } from './ra/schema.js';

/** Step n takes a database from version n to n + 1. Steps that were released are never edited, only followed. */
const MIGRATIONS: Record<StoreKind, readonly Migration[]> = { ra: raMigrations, ca: caMigrations };

/** `PRAGMA application_id`: "uRA1" and "uCA1", so that neither program writes into the other's database. */
const APPLICATION_ID: Record<StoreKind, number> = { ra: 0x75524131, ca: 0x75434131 };

/** Brings the schema up to this program's version, each step in its own transaction. */
export function migrate(db: DatabaseSyncInstance, kind: StoreKind): void {
  const steps = MIGRATIONS[kind];
  refuseForeign(db, kind);
  while (version(db) < steps.length) {
    db.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have done the step between the check and the lock.
      const from = version(db);
      const step = steps[from];
      if (step !== undefined) {
        if (typeof step === 'string') db.exec(step);
        else step(db);
        db.exec(`PRAGMA user_version = ${from + 1}`);
        db.exec(`PRAGMA application_id = ${APPLICATION_ID[kind]}`);
      }
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  if (version(db) > steps.length) {
    throw new StoreTooNew(
      `the database has schema version ${version(db)}, this program knows up to ${steps.length}: ` +
        'it was written by a newer uPKI; run that one, or restore the backup made before the upgrade',
    );
  }
}

/** The program a database belongs to; null when it is none of ours. */
export function kindOf(db: DatabaseSyncInstance): StoreKind | null {
  const id = pragma(db, 'application_id');
  if (id === APPLICATION_ID.ra) return 'ra';
  return id === APPLICATION_ID.ca ? 'ca' : null;
}

function refuseForeign(db: DatabaseSyncInstance, kind: StoreKind): void {
  // One snapshot: another process may be making the database just now.
  db.exec('BEGIN');
  const id = pragma(db, 'application_id');
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  db.exec('COMMIT');
  if (id === APPLICATION_ID[kind] || (id === 0 && tables === 0)) return;
  throw new StoreRefused(
    `the file is not the database of a uPKI ${kind.toUpperCase()}: restore the right one from the backup, or let the setting name another file`,
  );
}

function version(db: DatabaseSyncInstance): number {
  return pragma(db, 'user_version');
}

function pragma(db: DatabaseSyncInstance, name: 'user_version' | 'application_id'): number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] ?? 0;
}
