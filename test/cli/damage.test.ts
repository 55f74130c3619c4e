import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { caChannel } from '../../tools/kit/ca-channel.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { requestPem } from '../support/requests.js';
import { build, upki } from './run.js';

let made: string;
beforeAll(async () => {
  build();
  made = newFolder();
  const running = await startUpki({ dataDir: made });
  const ca = await caChannel(running);
  for (let n = 0; n < 30; n += 1) await ca.tasks.call('sign', { csr: requestPem([`n${n}.example.test`]) });
  ca.close();
  await running.stop();
}, 120_000);

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
}, 30_000);

function copy(): string {
  const dataDir = newFolder();
  cpSync(made, dataDir, { recursive: true });
  return dataDir;
}

/** What the RA says of itself. */
function readiness({ baseUrl, rootPem }: RunningUpki): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(`${baseUrl}/api/v1/public/health?ready=1`, { ca: rootPem }, async (response) =>
      resolve({ status: response.statusCode ?? 0, text: await text(response) }),
    ).once('error', reject);
  });
}

const check = (dataDir: string) => upki(['store', 'check', '-d', dataDir]);

describe('upki store check', () => {
  it('finds no fault in an intact installation, running or not', async () => {
    expect(await check(copy())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/CA .*: 3\d certificates and \d+ audit records/),
    });
  });

  it('names a changed certificate, an overwritten page, and a file that is not a database', async () => {
    const changed = copy();
    const db = new DatabaseSync(join(changed, 'ca/ca.db'));
    const { serial } = db.prepare("SELECT serial FROM certificates WHERE cn = 'n7.example.test'").get() as {
      serial: string;
    };
    db.exec(
      `UPDATE certificates SET der = (SELECT der FROM certificates WHERE cn = 'n8.example.test') WHERE serial = '${serial}'`,
    );
    db.close();
    expect(await check(changed)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${serial} is not the one that was issued`),
    });

    const overwritten = copy();
    const path = join(overwritten, 'ca/ca.db');
    const content = readFileSync(path);
    content.fill(0xa5, 4096 * 8, 4096 * 14);
    writeFileSync(path, content);
    const found = await check(overwritten);
    expect(found.code).toBe(1);
    expect(found.stderr).toContain(path);
    expect(found.stderr).not.toMatch(/\n\s+at /);

    const none = copy();
    writeFileSync(join(none, 'ra/acme.db'), 'text'.repeat(2_000));
    expect(await check(none)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/acme\.db\): it cannot be read/),
    });
    expect(await check(newFolder())).toMatchObject({ code: 78 });
  });
});

describe('a program whose database is damaged', () => {
  it('never serves a certificate that was changed in the database', async () => {
    const dataDir = copy();
    const db = new DatabaseSync(join(dataDir, 'ca/ca.db'));
    // One octet of the public key: the certificate can still be read.
    const { der } = db.prepare("SELECT der FROM certificates WHERE cn = 'n7.example.test'").get() as {
      der: Uint8Array;
    };
    const at = der.length - 300;
    der[at] = (der[at] ?? 0) ^ 1;
    db.prepare("UPDATE certificates SET der = ? WHERE cn = 'n7.example.test'").run(der);
    db.close();
    const running = await startUpki({ dataDir });
    ending.push(() => running.stop());
    const ca = await caChannel(running);
    ending.push(() => ca.close());
    await expect(ca.tasks.call('view', { dn: 'n7.example.test' })).rejects.toThrow();
    await expect(ca.tasks.call('renew', { dn: 'n7.example.test' })).rejects.toThrow();
    // What a listing shows of it is in its record.
    const listed = await ca.tasks.call('list_certificates', { cn: 'n7.example.test', brief: true });
    expect(listed.certificates).toMatchObject([{ cn: 'n7.example.test', status: 'good' }]);
    await expect(ca.tasks.call('view', { dn: 'n8.example.test' })).resolves.toMatchObject({
      cn: 'n8.example.test',
    });
  });

  it('never renews a certificate for names that are in its record only because of damage', async () => {
    const dataDir = copy();
    const db = new DatabaseSync(join(dataDir, 'ca/ca.db'));
    db.exec(
      "UPDATE certificates SET identifiers = replace(identifiers, 'n7.', 'm7.') WHERE cn = 'n7.example.test'",
    );
    db.close();
    expect(await check(dataDir)).toMatchObject({ code: 1 });
    const lines: string[] = [];
    const running = await startUpki({ dataDir, onOutput: (line) => lines.push(line) });
    ending.push(() => running.stop());
    const ca = await caChannel(running);
    ending.push(() => ca.close());
    await expect(ca.tasks.call('renew', { dn: 'n7.example.test' })).rejects.toThrow();
    await expect(ca.tasks.call('view', { dn: 'n7.example.test' })).rejects.toThrow();
    expect(lines.join('\n')).toMatch(/is not what this CA signed: the database is damaged/);
  });

  it('names the file in the log and in `ready` once a page could not be read, and continues with intact data', async () => {
    const dataDir = copy();
    const path = join(dataDir, 'ca/ca.db');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const pages = db
      .prepare("SELECT pageno FROM dbstat WHERE name = 'certificates' AND pagetype = 'leaf'")
      .all() as { pageno: number }[];
    db.close();
    const content = readFileSync(path);
    // Neither the first, which has what the start reads, nor the last.
    const { pageno } = pages[Math.floor(pages.length / 2)] ?? { pageno: 0 };
    content.fill(0xa5, 4096 * (pageno - 1), 4096 * pageno);
    writeFileSync(path, content);
    const lines: string[] = [];
    const running = await startUpki({ dataDir, onOutput: (line) => lines.push(line) });
    ending.push(() => running.stop());
    const ca = await caChannel(running);
    ending.push(() => ca.close());
    const views = Array.from({ length: 30 }, (_, n) => ca.tasks.call('view', { dn: `n${n}.example.test` }));
    const seen = await Promise.allSettled(views);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
    await vi.waitFor(async () => {
      const { status, text } = await readiness(running);
      expect([status, text]).toEqual([503, expect.stringContaining(path)]);
    }, 15_000);
    expect(lines.join('\n')).toContain(`${path}: the database is damaged`);
    expect(running.alive()).toBe(true);
  });
});
