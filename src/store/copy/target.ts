import { Client } from 'pg';
import { StoreConflict } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { storeError } from '../postgres/failures.js';
import { writableUrl } from '../postgres/hosts.js';
import { migrate, SCHEMAS } from '../postgres/migrations.js';
import { TYPES } from '../postgres/session.js';
import { type Cell, TableDigest } from './digest.js';
import type { SourceTable } from './source.js';

/** Rows read back at a time. */
const PAGE = 1_000;

/**
 * A schema of a PostgreSQL database while it is filled, in one transaction: before `finish`, nothing is committed.
 * The schema is locked for others meanwhile.
 */
export class CopyTarget {
  private constructor(
    private readonly client: Client,
    private readonly kind: StoreKind,
  ) {}

  /** @throws StoreUnavailable, StoreTooNew; StoreConflict when the schema has data already */
  static async open(url: string, kind: StoreKind): Promise<CopyTarget> {
    await migrate(url, kind);
    const client = new Client({
      connectionString: await writableUrl(url),
      application_name: 'upki store copy',
      types: TYPES,
    });
    client.on('error', () => {});
    const target = new CopyTarget(client, kind);
    try {
      await client.connect();
      await client.query(
        `BEGIN; SET LOCAL search_path = ${SCHEMAS[kind]}; SET LOCAL synchronous_commit = on`,
      );
      return target;
    } catch (error) {
      await client.end();
      throw storeError(error);
    }
  }

  /** Prepares the table for its rows. @throws StoreConflict when it has rows already, or other columns */
  async prepare({ name, columns }: SourceTable): Promise<TargetTable> {
    const known = await this.#query<{ name: string; type: string }>(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
       WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [name],
    );
    const types = new Map(known.map((column) => [column.name, column.type]));
    // SQLite has a rowid in tables whose order of insertion is never used; PostgreSQL's have no `seq`.
    const kept = columns.filter((column) => column !== 'seq' || types.has(column));
    const missing = kept.filter((column) => !types.has(column));
    if (missing.length > 0 || types.size !== kept.length) {
      throw new StoreConflict(`the table ${name} has other columns in PostgreSQL than in SQLite`);
    }
    await this.#query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
    await this.#requireUnused(name);
    await this.#query(`DELETE FROM ${name}`);
    return { name, columns: kept, types: kept.map((column) => types.get(column) ?? 'text') };
  }

  async insert({ name, columns, types }: TargetTable, rows: Cell[][]): Promise<void> {
    const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
    await this.#query(
      `INSERT INTO ${name} (${columns.join(', ')}) SELECT * FROM unnest(${arrays})`,
      columns.map((_, index) => rows.map((row) => row[index] ?? null)),
    );
  }

  /** The digest of the table, read back from the server. */
  async digest({ name, columns }: TargetTable, onRows: (rows: number) => void): Promise<TableDigest> {
    const digest = new TableDigest();
    await this.#query(`DECLARE back CURSOR FOR SELECT ${columns.join(', ')} FROM ${name}`);
    for (;;) {
      const { rows } = await this.#failing(
        this.client.query<Cell[]>({ text: `FETCH ${PAGE} FROM back`, rowMode: 'array' }),
      );
      if (rows.length === 0) break;
      for (const row of rows) digest.add(row);
      onRows(digest.rows);
    }
    await this.#query('CLOSE back');
    return digest;
  }

  /** Commits the copy. New rows are numbered after the copied ones. */
  async finish(tables: TargetTable[]): Promise<void> {
    for (const { name, columns } of tables) {
      if (!columns.includes('seq')) continue;
      const greatest = `SELECT coalesce(max(seq), 0) + 1 FROM ${name}`;
      await this.#query(`SELECT setval(pg_get_serial_sequence('${name}', 'seq'), (${greatest}), false)`);
    }
    // Chains of an earlier copy from PostgreSQL continue.
    await this.#query(
      `INSERT INTO audit_heads (chain, sequence, hash)
       SELECT DISTINCT ON (chain) chain, sequence, hash FROM audit WHERE chain > 0 ORDER BY chain, sequence DESC`,
    );
    await this.#query('COMMIT');
    await this.#query(`ANALYZE ${tables.map(({ name }) => `${SCHEMAS[this.kind]}.${name}`).join(', ')}`);
  }

  /** Rolls an unfinished copy back. */
  close(): Promise<void> {
    return this.client.end();
  }

  /** The row of the first CRL always exists; it is data once a number was allocated. */
  async #requireUnused(table: string): Promise<void> {
    const used = table === 'crls' ? 'SELECT FROM crls WHERE last_number > 0' : `SELECT FROM ${table}`;
    const [found] = await this.#query<{ used: boolean }>(`SELECT EXISTS (${used}) AS used`);
    if (found?.used) {
      throw new StoreConflict(
        `${SCHEMAS[this.kind]}.${table} holds rows already: copy into a database that no uPKI has used`,
      );
    }
  }

  async #query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#failing(this.client.query<Row>(text, values))).rows;
  }

  async #failing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw storeError(error);
    }
  }
}

export interface TargetTable {
  name: string;
  columns: string[];
  /** The types of the columns, in order. */
  types: string[];
}
