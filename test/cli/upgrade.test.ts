import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/x509/certificate.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { httpServer } from '../../tools/kit/challenge-servers.js';
import { startTestDns } from '../../tools/kit/dns-hooks.js';
import { newFolder } from '../../tools/kit/folder.js';
import { signingKey } from '../../tools/kit/jws-signer.js';
import { withClient } from '../../tools/kit/postgres/client.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { startUpki } from '../../tools/kit/upki.js';
import { upki } from './run.js';

const RELEASES = join(import.meta.dirname, '..', 'fixtures');
const releases = readdirSync(RELEASES, { withFileTypes: true }).filter((each) => each.isDirectory());

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** What a client of that release was told. */
interface Told {
  account: string;
  key: string;
  good: string;
  revoked: string;
}

/** A release's folder in the state it was left in. */
async function left(release: string): Promise<{ dataDir: string; told: Told }> {
  const dataDir = newFolder();
  undo.push(() => rm(dataDir, { recursive: true, force: true }));
  await cp(join(RELEASES, release), dataDir, { recursive: true });
  for (const folder of ['ca', 'ra'])
    for (const file of await readdir(join(dataDir, folder))) await chmod(join(dataDir, folder, file), 0o600);
  for (const database of ['ca/ca', 'ra/acme']) {
    const sqlite = new DatabaseSync(join(dataDir, `${database}.db`));
    sqlite.exec(await readFile(join(dataDir, `${database}.sql`), 'utf8'));
    sqlite.close();
  }
  return { dataDir, told: JSON.parse(await readFile(join(dataDir, 'told.json'), 'utf8')) };
}

async function postgresOf(release: string): Promise<Record<string, string>> {
  const database = await createDatabase();
  undo.push(() => database.drop());
  for (const kind of ['ca', 'ra']) {
    const statements = readFileSync(join(RELEASES, release, kind, 'postgres.sql'), 'utf8');
    await withClient(database.url, (client) => client.query(statements));
  }
  return { UPKI_DATABASE_URL: database.url, UPKI_CA_DATABASE_URL: database.url };
}

describe.each(releases.map(({ name }) => name))('data of %s', (release) => {
  it.each([
    ['SQLite', async () => ({})],
    ['PostgreSQL', () => postgresOf(release)],
  ] as [string, () => Promise<Record<string, string>>][])(
    'on %s starts with this program: its account orders, what was revoked still is, its audit log holds',
    async (_, databases) => {
      const { dataDir, told } = await left(release);
      const answers = new Map<string, string>();
      const web = await httpServer((request, response) => {
        const answer = answers.get(request.url?.split('/').at(-1) ?? '');
        response.writeHead(answer === undefined ? 404 : 200).end(answer);
      });
      undo.push(() => web.close());
      const dns = await startTestDns();
      undo.push(() => dns.close());
      const env = {
        UPKI_RA_CN: 'localhost',
        UPKI_VA_RESOLVERS: dns.address,
        UPKI_VA_HTTP_PORT: String(web.port),
        ...(await databases()),
      };
      const running = await startUpki({ dataDir, env });
      undo.push(() => running.stop());

      const { directoryUrl, rootPem: ca } = running;
      const key = signingKey(createPrivateKey(told.key), 'ES256');
      const client = new AcmeClient({ directoryUrl, ca, key });
      undo.push(() => client.close());
      await client.newAccount({ onlyReturnExisting: true });
      expect(client.accountUrl?.split('/').at(-1)).toBe(told.account.split('/').at(-1));
      const { chain } = await client.issue({
        names: ['after.upgrade.test'],
        solve: async ({ token, keyAuthorization }) => void answers.set(token, keyAuthorization),
      });
      expect(chain).toContain('BEGIN CERTIFICATE');

      const statusOf = async (pem: string) => {
        const { serial } = parseCertificate(firstFromPem('CERTIFICATE', pem));
        const asked = await upki(['cert', 'show', serial, '--json', '-d', dataDir], env);
        return JSON.parse(asked.stdout).certificate?.state ?? JSON.parse(asked.stdout).state;
      };
      expect(await statusOf(told.revoked)).toBe('revoked');
      expect(['good', 'expired']).toContain(await statusOf(told.good));
      await expect(client.revoke(told.revoked, { reason: 1 })).rejects.toThrow(/alreadyRevoked/);
      for (const folder of ['ca', 'ra']) {
        const verified = await upki(['audit', 'verify', '-d', join(dataDir, folder)], env);
        expect(verified.code, verified.stderr).toBe(0);
      }
    },
    90_000,
  );

  it('is refused with 78 and the way back after a newer program has migrated it', async () => {
    const { dataDir } = await left(release);
    const sqlite = new DatabaseSync(join(dataDir, 'ca', 'ca.db'));
    sqlite.exec('PRAGMA user_version = 900');
    sqlite.close();
    const refused = await upki(['ca', 'start', '-d', join(dataDir, 'ca')], {});
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(/schema version 900.*newer uPKI.*restore the backup/s);
  });
});
