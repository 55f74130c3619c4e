import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCaStore, openRaStore } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

const entry = (dn: string) => ({ dn, role: 'admin' as const, addedAt: 0, byName: false });

beforeAll(build, 120_000);

/** A directory as `upki start` has it, with a few records in both logs. */
async function directory() {
  const folder = newFolder();
  for (const name of ['ca', 'ra']) mkdirSync(join(folder, name));
  const ca = await openCaStore(join(folder, 'ca', 'ca.db'));
  for (const name of ['a', 'b', 'c'])
    await ca.addAdmin(entry(`/CN=${name}`), { who: 'ra ra1', from: 'channel' });
  await ca.close();
  const ra = await openRaStore(join(folder, 'ra', 'acme.db'));
  for (const at of ['2026-03-01', '2026-03-02']) {
    const entry = {
      at: Date.parse(at),
      who: 'CN=alice',
      from: '192.0.2.1',
      action: 'POST /x',
      outcome: 'success',
    };
    await ra.appendAudit({ ...entry, details: { dn: 'CN=b' } });
  }
  await ra.close();
  const run = (...args: string[]) => upki(['audit', ...args, '-d', folder]);
  return { folder, run, caFile: join(folder, 'ca', 'ca.db') };
}

function tamper(path: string, statements: string): void {
  const db = new DatabaseSync(path);
  db.exec(`DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted; ${statements}`);
  db.close();
}

describe('upki audit verify', () => {
  it('prints the number of records and the heads of both programs', async () => {
    const { run, folder } = await directory();
    const { code, stdout, stderr } = await run('verify');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      `CA (${join(folder, 'ca', 'ca.db')}): 3 records, all intact`,
      expect.stringMatching(/^head ca:0:3:[0-9a-f]{64}$/),
      `RA (${join(folder, 'ra', 'acme.db')}): 2 records, all intact`,
      expect.stringMatching(/^head ra:0:2:[0-9a-f]{64}$/),
      '',
    ]);
  });

  it('exits with 1 and names the first record that was changed', async () => {
    const { run, caFile } = await directory();
    tamper(caFile, `UPDATE audit SET entry = replace(entry, 'ra1', 'ra2') WHERE sequence = 2`);
    const { code, stdout, stderr } = await run('verify');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^uPKI: CA .*: record 0:2: its hash is wrong/);
    expect(stdout).toMatch(/^RA .*: 2 records, all intact$/m);
  });

  it('finds records that were cut off the end with a noted head', async () => {
    const { run, caFile } = await directory();
    const [head = ''] = /ca:0:3:[0-9a-f]{64}/.exec((await run('verify')).stdout) ?? [];
    expect((await run('verify', '--head', head)).code).toBe(0);
    tamper(caFile, 'DELETE FROM audit WHERE sequence = 3');
    expect((await run('verify')).code).toBe(0);
    const { code, stderr } = await run('verify', '--head', head);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/record 0:3: .*noted as the head/)]);
  });

  it('writes nothing, and reads while the programs write', async () => {
    const { run, caFile } = await directory();
    const ca = await openCaStore(caFile);
    await ca.addAdmin(entry('/CN=d'));
    expect((await run('verify')).stdout).toContain('4 records');
    await ca.addAdmin(entry('/CN=e'));
    await ca.close();
    expect((await run('verify')).stdout).toContain('5 records');
  });

  it.each([
    [['verify', '--head', 'nonsense'], /--head is "nonsense"/],
    [['list', '--since', 'yesterday'], /--since is "yesterday"/],
    [['list', '--since', '2026-02-30'], /--since is "2026-02-30"/],
    [['list', '--since', '03/04/2026'], /--since is "03.04.2026"/],
  ])('%j is refused with what is allowed', async (args, why) => {
    const { code, stderr } = await (await directory()).run(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
  });

  it('reports that there is no log', async () => {
    const { code, stderr } = await upki(['audit', 'verify', '-d', newFolder()]);
    expect([code, stderr]).toEqual([78, expect.stringMatching(/neither a CA nor an RA/)]);
  });
});

describe('upki audit list', () => {
  const lines = (text: string) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));

  it('prints one JSON object on each line', async () => {
    const { run } = await directory();
    const records = lines((await run('list')).stdout);
    expect(records.map(({ program, sequence }) => `${program}:${sequence}`)).toEqual([
      'ca:1',
      'ca:2',
      'ca:3',
      'ra:1',
      'ra:2',
    ]);
    expect(records[0]).toMatchObject({
      chain: 0,
      who: 'ra ra1',
      from: 'channel',
      action: 'admin.add',
      outcome: 'success',
      details: { dn: '/CN=a' },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('prints the records since a time, of one program', async () => {
    const { run } = await directory();
    const records = lines((await run('list', '--program', 'ra', '--since', '2026-03-02')).stdout);
    expect(records.map(({ at }) => at)).toEqual(['2026-03-02T00:00:00.000Z']);
  });

  it('prints tampered entries as text', async () => {
    const { run, caFile } = await directory();
    tamper(caFile, `UPDATE audit SET entry = 'not JSON' WHERE sequence = 1`);
    expect(lines((await run('list')).stdout)[0]).toMatchObject({ sequence: 1, entry: 'not JSON' });
  });
});
