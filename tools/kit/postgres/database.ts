import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { withClient } from './client.js';
// Imported for the type of the provided value.
import type {} from './setup.js';

let server: Promise<string> | null = null;

/** URL of the run's PostgreSQL server, for a user who may create databases. */
function serverUrl(): Promise<string> {
  server ??= ask();
  return server;
}

async function ask(): Promise<string> {
  const answer = await text(connect(inject('postgres'), '127.0.0.1'));
  const { url, error }: { url?: string; error?: string } = JSON.parse(answer);
  if (url === undefined) throw new Error(error);
  return url;
}

/** A new database on the run's server: empty, or a copy of another one, which must have no connections. */
export async function createDatabase(copyOf?: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `upki_test_${randomBytes(8).toString('hex')}`;
  const url = new URL(await serverUrl());
  const template = copyOf === undefined ? '' : ` TEMPLATE ${new URL(copyOf).pathname.slice(1)}`;
  await asAdministrator(`CREATE DATABASE ${name}${template}`);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdministrator(`DROP DATABASE ${name} WITH (FORCE)`) };
}

async function asAdministrator(statement: string): Promise<void> {
  await withClient(await serverUrl(), (client) => client.query(statement));
}
