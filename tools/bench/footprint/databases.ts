import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { Client } from 'pg';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { newFolder } from '../../kit/folder.js';
import { PostgresServer } from '../../kit/postgres/server.js';

/** Sizes on disk, in bytes. */
export interface Size {
  /** By program and table, such as `ra.orders`; indexes count with their table. */
  tables: Record<string, number>;
  /** Write-ahead log since the start; PostgreSQL only. */
  log: number;
}

/** A database that can be filled and measured. */
export interface Weighed {
  name: string;
  ra: Awaited<ReturnType<typeof openRaStore>>;
  ca: Awaited<ReturnType<typeof openCaStore>>;
  /** The size as it is, and the size without unused space. */
  size(packed: boolean): Promise<Size>;
  /** Size of its files, including free space in them. */
  onDisk(): Promise<number>;
  /** Runs the database's own maintenance: a checkpoint of the write-ahead log, and a vacuum of dead rows. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function openSqlite(): Promise<Weighed> {
  const folder = newFolder('footprint');
  const paths = { ra: join(folder, 'acme.db'), ca: join(folder, 'ca.db') };
  const ra = await openRaStore(paths.ra);
  const ca = await openCaStore(paths.ca);
  return {
    name: 'SQLite',
    ra,
    ca,
    size: async (packed) => ({
      tables: { ...tableSizes('ra', paths.ra, packed), ...tableSizes('ca', paths.ca, packed) },
      log: 0,
    }),
    onDisk: async () => (await stat(paths.ra)).size + (await stat(paths.ca)).size,
    async settle() {
      for (const path of Object.values(paths)) {
        const database = new DatabaseSync(path);
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        database.close();
      }
    },
    async close() {
      await ra.close();
      await ca.close();
      await rm(folder, { recursive: true });
    },
  };
}

function tableSizes(program: string, path: string, packed: boolean): Record<string, number> {
  const database = new DatabaseSync(path);
  try {
    if (packed) database.exec('VACUUM');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const rows = database
      .prepare(
        `SELECT tbl_name AS name, sum(pgsize) AS bytes FROM dbstat JOIN sqlite_schema USING (name)
         GROUP BY tbl_name`,
      )
      .all() as { name: string; bytes: number }[];
    return Object.fromEntries(rows.map(({ name, bytes }) => [`${program}.${name}`, bytes]));
  } finally {
    database.close();
  }
}

/** A separate server that waits for the disk at every commit. */
export async function openPostgres(): Promise<Weighed> {
  const server = await PostgresServer.start({ durable: true });
  const ra = await openRaStore(server.url());
  const ca = await openCaStore(server.url());
  const client = new Client(server.url());
  await client.connect();
  return {
    name: 'PostgreSQL',
    ra,
    ca,
    async size(packed) {
      if (packed) await client.query('VACUUM FULL');
      const log = await client.query<{ bytes: string }>(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes",
      );
      const { rows } = await client.query<{ name: string; bytes: string }>(
        `SELECT substr(nspname, 6) || '.' || relname AS name, pg_total_relation_size(pg_class.oid) AS bytes
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE nspname IN ('upki_ra', 'upki_ca') AND relkind = 'r'`,
      );
      return {
        tables: Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)])),
        log: Number(log.rows[0]?.bytes),
      };
    },
    async onDisk() {
      const { rows } = await client.query<{ bytes: string }>(
        'SELECT pg_database_size(current_database()) AS bytes',
      );
      return Number(rows[0]?.bytes);
    },
    async settle() {
      // Replaces autovacuum, whose clock does not run as fast as the simulation.
      await client.query('VACUUM');
    },
    async close() {
      await client.end();
      await ra.close();
      await ca.close();
      await server.remove();
    },
  };
}
