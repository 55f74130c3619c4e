import { Client } from 'pg';
import type { CheckedStore, StoredCertificate } from '../contract/check.js';
import type { StoreKind } from '../contract/open.js';
import { CHECKED_COLUMNS } from '../rows/check.js';
import { storeError } from './failures.js';
import { writableUrl } from './hosts.js';
import { SCHEMAS } from './migrations.js';
import { TYPES } from './session.js';

/** Rows read at a time. */
const PAGE = 1_000;

/** A schema opened read-only for a check; programs that use it continue. */
export class CheckedSchema implements CheckedStore {
  private constructor(
    private readonly client: Client,
    private readonly kind: StoreKind,
  ) {}

  /** @throws StoreUnavailable when the server cannot be reached or has no such schema */
  static async open(url: string, kind: StoreKind): Promise<CheckedSchema> {
    const client = new Client({
      connectionString: await writableUrl(url),
      application_name: 'upki store check',
      types: TYPES,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(`SET default_transaction_read_only = on; SET search_path = ${SCHEMAS[kind]}`);
      await client.query('SELECT FROM certificates LIMIT 0');
      return new CheckedSchema(client, kind);
    } catch (error) {
      await client.end();
      throw storeError(error);
    }
  }

  /** Reads every row of every table, without indexes; returns what cannot be read. */
  async complaints(limit: number): Promise<string[]> {
    const { rows: tables } = await this.client.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
      [SCHEMAS[this.kind]],
    );
    await this.client.query(
      'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off',
    );
    const found: string[] = [];
    for (const { name } of tables) {
      if (found.length >= limit) break;
      await this.client
        .query(`SELECT sum(octet_length(rows::text)) FROM ${name} AS rows`)
        .catch((error: Error) => found.push(`the table ${name} cannot be read: ${error.message}`));
    }
    await this.client.query('RESET enable_indexscan; RESET enable_indexonlyscan; RESET enable_bitmapscan');
    return found;
  }

  async *certificates(): AsyncGenerator<StoredCertificate> {
    for (let after = ''; ; ) {
      const { rows } = await this.client
        .query<StoredCertificate & { identifiers: string }>(
          `SELECT ${CHECKED_COLUMNS[this.kind]} FROM certificates WHERE serial > $1 ORDER BY serial LIMIT ${PAGE}`,
          [after],
        )
        .catch((error) => {
          throw storeError(error);
        });
      yield* rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.serial ?? after;
    }
  }

  async authorities(): Promise<Uint8Array[]> {
    if (this.kind === 'ra') return [];
    const { rows } = await this.client.query<{ certificate: Uint8Array }>(
      'SELECT certificate FROM authorities',
    );
    return rows.map(({ certificate }) => certificate);
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
