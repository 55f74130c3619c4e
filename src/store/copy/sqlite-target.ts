import { existsSync, rmSync, statSync } from 'node:fs';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { moveDurably, setAside } from '../../lib/files.js';
import { StoreConflict, StoreRefused } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { openDatabase } from '../sqlite/database.js';
import { eachRow } from '../sqlite/each-row.js';
import { type Cell, TableDigest } from './digest.js';
import { LEFT_OUT } from './source.js';

/** A SQLite file that is filled under another name beside its place. `finish` renames it to its place. */
export class SqliteTarget {
  private constructor(
    private readonly db: DatabaseSyncInstance,
    private readonly path: string,
  ) {}

  /** @throws StoreConflict when a file in use has the name */
  static open(path: string, kind: StoreKind): SqliteTarget {
    requireFree(path, kind);
    const partial = `${path}.partial`;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true });
    const db = openDatabase(partial, kind);
    // A table may be copied before the one that it refers to; missing rows are found at the end.
    db.exec('PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN IMMEDIATE');
    return new SqliteTarget(db, path);
  }

  tables(): string[] {
    const rows = this.db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
      .all() as { name: string }[];
    return rows
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('sqlite_') && !LEFT_OUT.includes(name));
  }

  /**
   * The table's columns in the source's order; the source's `seq` becomes the rowid. @throws StoreConflict for other
   * columns
   */
  prepare(table: string, columns: readonly string[]): void {
    const own = this.db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[];
    const names = new Set(own.map(({ name }) => name));
    const wanted = columns.filter((column) => column !== 'seq');
    if (wanted.length !== names.size || !wanted.every((column) => names.has(column))) {
      throw new StoreConflict(`the table ${table} has other columns in SQLite than in PostgreSQL`);
    }
    this.db.exec(`DELETE FROM ${table}`);
  }

  insert(table: string, columns: readonly string[], rows: readonly Cell[][]): void {
    const marks = columns.map(() => '?').join(', ');
    const statement = this.db.prepare(`INSERT INTO ${table} (${selected(columns)}) VALUES (${marks})`);
    for (const row of rows) statement.run(...row);
  }

  digest(table: string, columns: readonly string[]): TableDigest {
    const digest = new TableDigest();
    const statement = this.db.prepare(`SELECT ${selected(columns)} FROM ${table}`);
    statement.setReturnArrays(true);
    for (const row of eachRow<Cell[]>(statement)) digest.add(row);
    return digest;
  }

  /** Commits the copy to disk. @throws StoreConflict if rows refer to missing ones */
  async finish(): Promise<void> {
    this.db.exec('COMMIT; PRAGMA synchronous = FULL');
    const [lost] = this.db.prepare('PRAGMA foreign_key_check').all() as { table: string; parent: string }[];
    if (lost)
      throw new StoreConflict(`a row of ${lost.table} refers to one of ${lost.parent} that is not there`);
    // The write-ahead log is merged into the file, which is then complete.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
    this.db.close();
    for (const suffix of ['', '-wal', '-shm']) await setAside(`${this.path}${suffix}`);
    await moveDurably(`${this.path}.partial`, this.path);
  }

  /** Deletes an unfinished file. */
  close(): void {
    if (this.db.isOpen) this.db.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.path}.partial${suffix}`, { force: true });
  }
}

const selected = (columns: readonly string[]): string =>
  columns.map((column) => (column === 'seq' ? 'rowid' : column)).join(', ');

/** A file that was moved to PostgreSQL may be replaced; a file in use may not. */
function requireFree(path: string, kind: StoreKind): void {
  if (!existsSync(path) || statSync(path).size === 0) return;
  try {
    openDatabase(path, kind).close();
  } catch (error) {
    if (error instanceof StoreRefused && /was copied to/.test(error.message)) return;
  }
  throw new StoreConflict(
    `${path} is there already, and has not moved away: name a file that does not exist`,
  );
}
