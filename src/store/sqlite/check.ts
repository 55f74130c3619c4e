import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import type { CheckedStore, StoredCertificate } from '../contract/check.js';
import type { StoreKind } from '../contract/open.js';
import { CHECKED_COLUMNS } from '../rows/check.js';
import { eachRow } from './each-row.js';
import { kindOf } from './migrations.js';

/** A database file opened only for checking: nothing is written, and a program may use it meanwhile. */
export class CheckedFile implements CheckedStore {
  private constructor(
    private readonly db: DatabaseSyncInstance,
    readonly kind: StoreKind | null,
  ) {}

  /** @throws Error of SQLite when the file is not a database, or cannot be read */
  static open(path: string): CheckedFile {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      db.exec('PRAGMA busy_timeout = 5000');
      return new CheckedFile(db, kindOf(db));
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** At most `limit` faults that SQLite finds in pages, indexes and references; empty when there are none. */
  async complaints(limit: number): Promise<string[]> {
    const found: string[] = [];
    for (const row of this.#each(`PRAGMA integrity_check(${limit})`)) {
      const text = String(row.integrity_check);
      if (text !== 'ok') found.push(text.replace(/\s+/g, ' '));
    }
    for (const row of this.#each('PRAGMA foreign_key_check')) {
      if (found.length < limit)
        found.push(`a row of ${row.table} refers to one of ${row.parent} that is not there`);
    }
    return found;
  }

  /** Every certificate, a row at a time. @throws Error of SQLite on a damaged page */
  async *certificates(): AsyncGenerator<StoredCertificate> {
    for (const row of this.#each(`SELECT ${CHECKED_COLUMNS[this.kind ?? 'ra']} FROM certificates`)) {
      yield {
        serial: String(row.serial),
        identifiers: String(row.identifiers),
        content: row.content instanceof Uint8Array ? row.content : String(row.content),
        fingerprint: row.fingerprint === null ? null : String(row.fingerprint),
      };
    }
  }

  async authorities(): Promise<Uint8Array[]> {
    const isThere = this.db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'authorities'").get();
    if (this.kind !== 'ca' || isThere === undefined) return [];
    const found: Uint8Array[] = [];
    for (const { certificate } of this.#each('SELECT certificate FROM authorities')) {
      if (certificate instanceof Uint8Array) found.push(certificate);
    }
    return found;
  }

  async close(): Promise<void> {
    this.db.close();
  }

  *#each(text: string): Generator<Record<string, unknown>> {
    yield* eachRow<Record<string, unknown>>(this.db.prepare(text));
  }
}
