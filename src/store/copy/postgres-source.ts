import { Client } from 'pg';
import { StoreUnavailable } from '../contract/errors.js';
import { shownLocation } from '../contract/location.js';
import type { StoreKind } from '../contract/open.js';
import { storeError } from '../postgres/failures.js';
import { MOVED, migrate, SCHEMAS } from '../postgres/migrations.js';
import { TYPES } from '../postgres/session.js';
import type { Cell } from './digest.js';

/** Rows read at a time. */
const PAGE = 500;

/** A program's migrated schema in PostgreSQL, locked for other writers until it is closed. */
export class PostgresSource {
  private constructor(private readonly client: Client) {}

  /** @throws StoreUnavailable when a program runs on it, StoreTooNew, StoreRefused when it was moved before */
  static async open(url: string, kind: StoreKind): Promise<PostgresSource> {
    await migrate(url, kind);
    const client = new Client({ connectionString: url, application_name: 'upki store copy', types: TYPES });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*) AS count FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'upki' AND pid <> pg_backend_pid()`,
      );
      if ((rows[0]?.count ?? 0) > 0) {
        throw new StoreUnavailable(`${shownLocation(url)}: a uPKI runs on it; end every RA and CA first`);
      }
      const schema = SCHEMAS[kind];
      await client.query(`BEGIN; SET LOCAL search_path = ${schema}`);
      const tables = await client.query<{ name: string }>(
        'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
        [schema],
      );
      for (const { name } of tables.rows) await client.query(`LOCK TABLE ${name} IN EXCLUSIVE MODE`);
      return new PostgresSource(client);
    } catch (error) {
      await client.end();
      throw storeError(error);
    }
  }

  /** The columns of a table, and how many rows it has; null when the table does not exist. */
  async table(name: string): Promise<{ columns: string[]; rows: number } | null> {
    const { rows } = await this.client.query<{ column: string }>(
      `SELECT attname AS column FROM pg_attribute
       WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [name],
    );
    if (rows.length === 0) return null;
    const counted = await this.client.query<{ count: number }>(`SELECT count(*) AS count FROM ${name}`);
    return { columns: rows.map(({ column }) => column), rows: counted.rows[0]?.count ?? 0 };
  }

  async *rows(name: string, columns: readonly string[]): AsyncGenerator<Cell[][]> {
    // In the order of insertion, where the table has it.
    const order = columns.includes('seq') ? ' ORDER BY seq' : '';
    await this.client.query(`DECLARE all_of CURSOR FOR SELECT ${columns.join(', ')} FROM ${name}${order}`);
    for (;;) {
      const { rows } = await this.client.query<Cell[]>({
        text: `FETCH ${PAGE} FROM all_of`,
        rowMode: 'array',
      });
      if (rows.length === 0) break;
      yield rows;
    }
    await this.client.query('CLOSE all_of');
  }

  /** Marks the schema as moved to this location. */
  async markMoved(to: string, at: number): Promise<void> {
    await this.client.query('INSERT INTO settings (name, value) VALUES ($1, $2)', [
      MOVED,
      JSON.stringify({ to, at }),
    ]);
    await this.client.query('COMMIT');
  }

  /** Rolls the marking back if it was not committed. */
  close(): Promise<void> {
    return this.client.end();
  }
}
