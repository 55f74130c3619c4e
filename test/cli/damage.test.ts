import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { caChannel } from '../../tools/kit/ca-channel.js';
import { startUpki } from '../../tools/kit/upki.js';
import { requestPem } from '../ca/world.js';
import { build, newFolder, upki } from './run.js';

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

const check = (dataDir: string) => upki(['store', 'check', '-d', dataDir]);

describe('upki store check', () => {
  it('finds nothing wrong with what is as it was written, running or not', async () => {
    expect(await check(copy())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/CA .*: 3\d certificates and \d+ audit records/),
    });
  });

  it('names a certificate that changed, a page that was overwritten, and what is no database', async () => {
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
      stderr: expect.stringContaining(`${serial} is not what was issued`),
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
  it('never serves a certificate that is not what was issued', async () => {
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
    await expect(ca.tasks.call('view', { dn: 'n8.example.test' })).resolves.toMatchObject({
      cn: 'n8.example.test',
    });
  });
});
