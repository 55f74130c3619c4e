import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { Client } from 'pg';
import { openCaStore, openRaStore } from '../../src/store/open.js';
import { PostgresServer } from '../../test/support/postgres/server.js';

/** Bytes on disk. */
export interface Size {
  ra: number;
  ca: number;
  /** Written ahead since the beginning; PostgreSQL only. */
  log: number;
}

/** A database that can be filled and weighed. */
export interface Weighed {
  name: string;
  ra: Awaited<ReturnType<typeof openRaStore>>;
  ca: Awaited<ReturnType<typeof openCaStore>>;
  /** As it is, and with no room that is not used. */
  size(packed: boolean): Promise<Size>;
  close(): Promise<void>;
}

export async function openSqlite(): Promise<Weighed> {
  const folder = await mkdtemp(join(tmpdir(), 'upki-footprint-'));
  const paths = { ra: join(folder, 'acme.db'), ca: join(folder, 'ca.db') };
  const ra = await openRaStore(paths.ra);
  const ca = await openCaStore(paths.ca);
  return {
    name: 'SQLite',
    ra,
    ca,
    size: async (packed) => ({ ra: pages(paths.ra, packed), ca: pages(paths.ca, packed), log: 0 }),
    async close() {
      await ra.close();
      await ca.close();
      await rm(folder, { recursive: true });
    },
  };
}

function pages(path: string, packed: boolean): number {
  const database = new DatabaseSync(path);
  try {
    if (packed) database.exec('VACUUM');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const row = database
      .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get() as { bytes: number };
    return row.bytes;
  } finally {
    database.close();
  }
}

/** A server of its own that waits for the disk at every commit. */
export async function openPostgres(): Promise<Weighed> {
  const server = await PostgresServer.start({ durable: true });
  const ra = await openRaStore(server.url());
  const ca = await openCaStore(server.url());
  const client = new Client(server.url());
  await client.connect();
  const schema = async (name: string) => {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
       WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
      [name],
    );
    return Number(rows[0]?.bytes);
  };
  return {
    name: 'PostgreSQL',
    ra,
    ca,
    async size(packed) {
      if (packed) await client.query('VACUUM FULL');
      const { rows } = await client.query<{ bytes: string }>(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes",
      );
      return { ra: await schema('upki_ra'), ca: await schema('upki_ca'), log: Number(rows[0]?.bytes) };
    },
    async close() {
      await client.end();
      await ra.close();
      await ca.close();
      await server.remove();
    },
  };
}
