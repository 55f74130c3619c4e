import { existsSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreUnavailable } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { markMoved, openDatabase } from '../sqlite/database.js';
import { eachRow } from '../sqlite/each-row.js';
import { kindOf } from '../sqlite/migrations.js';
import type { Cell } from './digest.js';

/** A table that is copied. */
export interface SourceTable {
  name: string;
  columns: string[];
  rows: number;
}

/**
 * Data that is not copied: the counter of write checks, counts that the target maintains itself, leases, and the changes since
 * CRLs that a running CA made.
 */
export const LEFT_OUT = ['pings', 'certificate_counts', 'leases', 'crl_changes'];

/**
 * A migrated SQLite database, locked for other writers until it is closed. The rowid of a table is copied as the
 * column `seq`: the order of insertion.
 */
export class CopySource {
  private constructor(
    readonly kind: StoreKind,
    private readonly db: DatabaseSyncInstance,
  ) {}

  /** @throws StoreUnavailable when the file is not a database of uPKI, or is in use; StoreTooNew */
  static open(path: string): CopySource {
    if (!existsSync(path)) throw new StoreUnavailable(`${path}: there is no such file`);
    const kind = kindOfFile(path);
    if (kind === null) throw new StoreUnavailable(`${path}: it is not the database of a uPKI`);
    const db = openDatabase(path, kind);
    try {
      db.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
    } catch (error) {
      db.close();
      throw new StoreUnavailable(`${path}: somebody is writing to it; end what runs on it`, { cause: error });
    }
    return new CopySource(kind, db);
  }

  tables(): SourceTable[] {
    const names = this.#all('SELECT name FROM sqlite_schema WHERE type = ? ORDER BY rowid', 'table');
    return names
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith('sqlite_') && !LEFT_OUT.includes(name))
      .map((name) => ({ name, columns: this.#columns(name), rows: this.#count(name) }));
  }

  *rows({ name, columns }: SourceTable): Generator<Cell[]> {
    const selected = columns.map((column) => (column === 'seq' ? 'rowid' : column));
    const statement = this.db.prepare(`SELECT ${selected.join(', ')} FROM ${name}`);
    statement.setReturnArrays(true);
    yield* eachRow<Cell[]>(statement);
  }

  /** Marks the file as moved to this location, so that it is not used again by accident. */
  markMoved(to: string, at: number): void {
    markMoved(this.db, to, at);
    this.db.exec('COMMIT');
  }

  close(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
    this.db.close();
  }

  #columns(table: string): string[] {
    const columns = this.#all(`SELECT name, pk, type FROM pragma_table_info('${table}')`);
    const [{ wr } = { wr: 0 }] = this.#all('SELECT wr FROM pragma_table_list WHERE name = ?', table);
    // An INTEGER PRIMARY KEY is the rowid itself.
    const hasRowid = wr === 0 && !columns.some(({ pk, type }) => pk === 1 && type === 'INTEGER');
    return [...(hasRowid ? ['seq'] : []), ...columns.map(({ name }) => String(name))];
  }

  #count(table: string): number {
    return Number(this.#all(`SELECT count(*) AS count FROM ${table}`)[0]?.count);
  }

  #all(text: string, ...values: string[]): Record<string, unknown>[] {
    return this.db.prepare(text).all(...values) as Record<string, unknown>[];
  }
}

function kindOfFile(path: string): StoreKind | null {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return kindOf(db);
  } catch (error) {
    throw new StoreUnavailable(`${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    db.close();
  }
}
