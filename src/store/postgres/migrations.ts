import { Client } from 'pg';
import { StoreRefused, StoreTooNew } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import { caMigrations } from './ca/schema.js';
import { openingError } from './failures.js';
import { writableUrl } from './hosts.js';
import type { Migration } from './migration.js';
import { raMigrations } from './ra/schema.js';

/** Step n takes a schema from version n to n + 1. Steps that were released are never edited, only followed. */
const MIGRATIONS: Record<StoreKind, readonly Migration[]> = { ra: raMigrations, ca: caMigrations };

/** RA and CA may share a database: each has a schema of its own. */
export const SCHEMAS: Record<StoreKind, string> = { ra: 'upki_ra', ca: 'upki_ca' };

/**
 * Key of an advisory lock ("upki", and the schema): of several replicas that start, one migrates and the others wait.
 */
const LOCK: Record<StoreKind, [number, number]> = { ra: [0x75706b69, 1], ca: [0x75706b69, 2] };

/** The time limit for a server that does not answer. */
const CONNECT_TIMEOUT = 5_000;

/**
 * Migrates a program's schema to this program's version, each step in a transaction of its own. Writes nothing when
 * the schema is up to date, so that later starts do not need the right to create tables.
 * @throws StoreTooNew when a newer program made the schema, StoreUnavailable when the server cannot be reached.
 */
export async function migrate(url: string, kind: StoreKind): Promise<void> {
  const client = new Client({
    connectionString: await writableUrl(url),
    application_name: 'upki',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const steps = MIGRATIONS[kind];
    let version = await versionOf(client, kind);
    while (version < steps.length) version = await takeStep(client, kind, steps);
    await refuseMoved(client, kind);
    if (version > steps.length) {
      throw new StoreTooNew(
        `the schema ${SCHEMAS[kind]} has version ${version}, this program knows up to ${steps.length}: ` +
          'it was made by a newer uPKI; run that one, or restore the backup made before the upgrade',
      );
    }
  } catch (error) {
    throw openingError(error, SCHEMAS[kind], ownerOf(kind));
  } finally {
    await client.end();
  }
}

/** Setting with the new place of the data that was moved out of this schema. */
export const MOVED = 'moved';

/** @throws StoreRefused for a schema whose content goes on in a SQLite file */
async function refuseMoved(client: Client, kind: StoreKind): Promise<void> {
  const { rows } = await client.query<{ value: string }>(
    `SELECT value FROM ${SCHEMAS[kind]}.settings WHERE name = $1`,
    [MOVED],
  );
  if (rows[0] === undefined) return;
  const { to, at } = JSON.parse(rows[0].value) as { to: string; at: number };
  const variable = kind === 'ra' ? 'UPKI_DATABASE_URL' : 'UPKI_CA_DATABASE_URL';
  throw new StoreRefused(
    `what the schema ${SCHEMAS[kind]} held was copied to ${to} on ${new Date(at).toISOString()} and goes on there: start without ${variable}`,
  );
}

/** Takes the next step, unless another replica has taken it meanwhile; resolves with the version after it. */
async function takeStep(client: Client, kind: StoreKind, steps: readonly Migration[]): Promise<number> {
  const schema = SCHEMAS[kind];
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1, $2)', LOCK[kind]);
    const version = await versionOf(client, kind);
    const step = steps[version];
    if (step !== undefined) {
      if (version === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
      await client.query(`SET LOCAL search_path = ${schema}`);
      if (version === 0) await client.query('CREATE TABLE schema_version AS SELECT 0 AS version');
      if (typeof step === 'string') await client.query(step);
      else await step(client);
      await client.query('UPDATE schema_version SET version = version + 1');
    }
    await client.query('COMMIT');
    return step === undefined ? version : version + 1;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** 0 for a schema without tables. @throws StoreRefused for a schema of another program */
async function versionOf(client: Client, kind: StoreKind): Promise<number> {
  const schema = SCHEMAS[kind];
  const { rows } = await client.query<{ tables: string; ours: boolean }>(
    `SELECT count(*) AS tables, coalesce(bool_or(relname = 'schema_version'), false) AS ours
     FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`,
    [schema],
  );
  if (!rows[0]?.ours) {
    if (Number(rows[0]?.tables) === 0) return 0;
    throw new StoreRefused(`the schema ${schema} is not that of ${ownerOf(kind)}`);
  }
  const found = await client.query<{ version: unknown }>(`SELECT version FROM ${schema}.schema_version`);
  const version = found.rows[0]?.version;
  // Other programs, for example Flyway, have a table of that name too.
  if (typeof version === 'number' && Number.isInteger(version) && version > 0) return version;
  throw new StoreRefused(
    `the schema ${schema} is not that of ${ownerOf(kind)}: its schema_version has no version`,
  );
}

const ownerOf = (kind: StoreKind): string => `a uPKI ${kind.toUpperCase()}`;
