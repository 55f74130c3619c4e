import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { Client } from 'pg';
import type { CaStore, CertificateRecord } from '../../../src/store/contract/ca.js';
import { openCaStore } from '../../../src/store/open.js';
import { COLUMNS, toRow } from '../../../src/store/rows/ca/certificates.js';
import { searchKeys } from '../../../src/store/rows/ca/search-keys.js';
import { newFolder } from '../../kit/folder.js';
import { PostgresServer } from '../../kit/postgres/server.js';

/** A store that can be filled without its audit log, which would take too long for a million certificates. */
export interface Filled {
  name: string;
  ca: CaStore;
  add(records: readonly CertificateRecord[]): Promise<void>;
  /** Runs the database's own maintenance: statistics, and a checkpoint of the write-ahead log. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const namesOf = (records: readonly CertificateRecord[]) =>
  records.flatMap((record) =>
    searchKeys(record).map((key) => [key, record.notAfter, record.serial] as const),
  );

const places = COLUMNS.split(', ');

export async function sqlite(): Promise<Filled> {
  const folder = newFolder('searches');
  const path = join(folder, 'ca.db');
  const ca = await openCaStore(path);
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000');
  const certificate = db.prepare(
    `INSERT INTO certificates (${COLUMNS}) VALUES (${places.map(() => '?').join(', ')})`,
  );
  const name = db.prepare('INSERT INTO certificate_names (name, not_after, serial) VALUES (?, ?, ?)');
  return {
    name: 'SQLite',
    ca,
    async add(records) {
      db.exec('BEGIN');
      for (const record of records) certificate.run(...toRow(record));
      for (const each of namesOf(records)) name.run(...each);
      db.exec('COMMIT');
    },
    async settle() {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
    async close() {
      await ca.close();
      await rm(folder, { recursive: true });
    },
  };
}

const TYPES: Record<string, string> = { der: 'bytea' };
const NUMBERS = /_at$|^not_|^reason$/;
const typeOf = (column: string) => TYPES[column] ?? (NUMBERS.test(column) ? 'bigint' : 'text');

export async function postgres(): Promise<Filled> {
  const server = await PostgresServer.start({ durable: false });
  const ca = await openCaStore(server.url());
  const client = new Client(server.url());
  await client.connect();
  await client.query('SET search_path = upki_ca');
  const into = `INSERT INTO certificates (${COLUMNS})
    SELECT ${places.map((column) => (column === 'reason' ? 'u.reason::int' : `u.${column}`)).join(', ')}
    FROM unnest(${places.map((column, index) => `$${index + 1}::${typeOf(column)}[]`).join(', ')}) AS u (${COLUMNS})`;
  return {
    name: 'PostgreSQL',
    ca,
    async add(records) {
      const rows = records.map(toRow);
      const columns = places.map((_, index) => rows.map((row) => row[index]));
      await client.query(into, columns);
      const names = namesOf(records);
      await client.query(
        `INSERT INTO certificate_names (name, not_after, serial)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])`,
        [0, 1, 2].map((index) => names.map((each) => each[index])),
      );
    },
    async settle() {
      await client.query('VACUUM ANALYZE');
    },
    async close() {
      await client.end();
      await ca.close();
      await server.remove();
    },
  };
}
