import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCaStore, openRaStore } from '../../src/store/index.js';
import { aCertificate, anAccount, anOrder, aRecord } from '../../tools/kit/facts.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

const DAY = 86_400_000;
const now = Date.now();

let running: RunningUpki;
let file: (name: 'ca' | 'ra') => string;

beforeAll(async () => {
  build();
  running = await startUpki({ dataDir: newFolder(), env: { UPKI_RA_CN: 'localhost' } });
  file = (name) => join(running.dataDir, name, name === 'ca' ? 'ca.db' : 'acme.db');
  await fill();
}, 180_000);
afterAll(() => running.stop());

/** What an installation of some years has, beside what it made just now. */
async function fill(): Promise<void> {
  const ca = await openCaStore(file('ca'));
  for (const days of [800, 500, 100]) {
    await ca.recordCertificate(aRecord({ notBefore: now - 900 * DAY, notAfter: now - days * DAY }));
  }
  await ca.close();
  const ra = await openRaStore(file('ra'));
  const account = anAccount({ createdAt: now - 900 * DAY });
  await ra.createAccount(account);
  const order = anOrder(account, { expiresAt: now - 800 * DAY });
  await ra.createOrder(order, []);
  await ra.recordIssuance(order.id, { ...aCertificate(order), notAfter: now - 700 * DAY });
  for (let days = 900; days > 0; days -= 100) {
    await ra.appendAudit({
      at: now - days * DAY,
      who: 'CN=alice',
      from: '192.0.2.1',
      action: 'test.do',
      outcome: 'success',
      details: { days },
    });
  }
  await ra.close();
}

/** How many rows a table of a program has. */
function rowsOf(name: 'ca' | 'ra', table: string): number {
  const db = new DatabaseSync(file(name), { readOnly: true });
  const { count } = db.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number };
  db.close();
  return count;
}

const run = (...args: string[]) => upki([...args, '-d', running.dataDir]);

describe('upki store prune, while the programs run', () => {
  it('prints with --dry-run what would be deleted, also as JSON, and deletes nothing', async () => {
    const before = [rowsOf('ca', 'certificates'), rowsOf('ra', 'certificates')];
    const { code, stdout, stderr } = await run('store', 'prune', '--dry-run', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      dryRun: true,
      programs: [
        { program: 'ca', database: file('ca'), rows: { certificates: 2, documents: 0 } },
        { program: 'ra', database: file('ra'), rows: { certificates: 1, orders: 1, accounts: 0 } },
      ],
    });
    expect([rowsOf('ca', 'certificates'), rowsOf('ra', 'certificates')]).toEqual(before);
    const other = await upki(['store', 'prune', '--dry-run', '-d', running.dataDir], {
      UPKI_KEEP_CERTIFICATES: '90d',
    });
    expect(other.stdout).toMatch(/CA \(.*\):\n {2}certificates: 3 would go\n/);
  });

  it('deletes only expired data; a second run deletes nothing', async () => {
    const before = rowsOf('ca', 'certificates');
    const { code, stdout } = await run('store', 'prune', '--clock-is-right');
    expect(code).toBe(0);
    expect(stdout).toMatch(/certificates: 2 removed/);
    expect(stdout).toMatch(/orders: 1 removed/);
    expect(rowsOf('ca', 'certificates')).toBe(before - 2);
    expect(rowsOf('ra', 'certificates')).toBe(0);
    // The account's last certificate ended long ago: it has had none since.
    expect(rowsOf('ra', 'accounts')).toBe(0);
    expect((await run('store', 'prune', '--dry-run')).stdout).toMatch(/certificates: 0 would go/);
  });

  it('removes nothing by a clock that no program has confirmed, and gives the reason', async () => {
    const before = rowsOf('ca', 'certificates');
    const { code, stdout, stderr } = await run('store', 'prune');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /nothing was removed from .*ca\.db: .* has run by this clock for \d+ minutes.*--clock-is-right/,
    );
    expect(rowsOf('ca', 'certificates')).toBe(before);
  });

  it('a setting that is no duration ends with 78 and names it', async () => {
    const { code, stderr } = await upki(['store', 'prune', '-d', running.dataDir], {
      UPKI_KEEP_CERTIFICATES: '1 year',
    });
    expect(code).toBe(78);
    expect(stderr).toMatch(/UPKI_KEEP_CERTIFICATES/);
  });
});

describe('upki audit archive, while the programs run', () => {
  const before = new Date(Date.now() + DAY).toISOString();
  const archive = () => join(running.dataDir, 'first.audit');

  it('writes the records and cuts the log at a signed head; the log verifies with and without the archive', async () => {
    const noted = (await run('audit', 'verify')).stdout.match(/head (ra:\S+)/)?.[1] ?? '';
    const records = rowsOf('ra', 'audit');
    const { code, stdout, stderr } = await run('audit', 'archive', '--before', before, archive());
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`${records - 1} records of the RA; ${records - 1} removed`));
    expect(statSync(archive()).mode & 0o777).toBe(0o600);
    // The chain's last record, and the one that says that it was cut.
    expect(rowsOf('ra', 'audit')).toBe(2);

    const alone = await run('audit', 'verify');
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(alone.stdout).toMatch(/begins after ra:0:\d+, cut 20/);
    const joined = await run('audit', 'verify', '--archive', archive(), '--head', noted);
    expect([joined.code, joined.stderr]).toEqual([0, '']);
    const elsewhere = await upki([
      'audit',
      'verify',
      '--archive-only',
      '--archive',
      archive(),
      '-d',
      '/nowhere',
    ]);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, '']);
    expect(elsewhere.stdout).toMatch(/records of the CA, all intact/);
  });

  it('never overwrites an archive, and makes none when no record is old enough', async () => {
    const again = await run('audit', 'archive', '--before', '2001-01-01', archive());
    expect(again).toMatchObject({ code: 78, stderr: expect.stringMatching(/already exists/) });
    const none = await run('audit', 'archive', '--before', '2001-01-01', `${archive()}.none`);
    expect(none).toMatchObject({ code: 0, stdout: expect.stringMatching(/no record from before 2001/) });
    expect(() => statSync(`${archive()}.none`)).toThrow();
  });

  it('archives follow each other; a missing or changed one is found', async () => {
    const ra = await openRaStore(file('ra'));
    for (let index = 0; index < 5; index += 1) {
      const entry = { at: Date.now(), who: 'x', from: 'y', action: 'test.more', outcome: 'success' };
      await ra.appendAudit({ ...entry, details: { index } });
    }
    await ra.close();
    const second = `${archive()}.second`;
    expect((await run('audit', 'archive', '--before', before, second)).code).toBe(0);
    expect((await run('audit', 'verify', '--archive', archive(), second)).code).toBe(0);
    const without = await run('audit', 'verify', '--archive', archive());
    expect(without).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the archives and the log do not join/),
    });
    const swapped = await run('audit', 'verify', '--archive', second, archive());
    expect(swapped).toMatchObject({ code: 1, stderr: expect.stringMatching(/what comes next begins/) });

    const text = readFileSync(archive(), 'utf8');
    const changed = `${archive()}.changed`;
    for (const [what, bad] of [
      ['an entry', text.replace('CN=alice', 'CN=mallory')],
      ['a record taken out', text.replace(/^\{"chain":0,"sequence":3,.*\n/m, '')],
      ['the end', text.slice(0, text.lastIndexOf('{"program"'))],
      ['a signature', text.replace(/"signature":"M/g, '"signature":"N')],
      ['a head', text.replace(/("to":\[\{"chain":0,"sequence":)\d+/, '$12')],
      ['half a line', text.slice(0, -40)],
    ] as const) {
      expect(bad, what).not.toBe(text);
      writeFileSync(changed, bad);
      const { code, stderr } = await upki(['audit', 'verify', '--archive-only', '--archive', changed]);
      expect([code, stderr], what).toEqual([1, expect.stringContaining(changed)]);
    }
  });

  it('a cut made without the key is found', async () => {
    const db = new DatabaseSync(file('ra'));
    db.exec(`DROP TRIGGER audit_cuts_go_forward;
      UPDATE audit_cuts SET signature = x'00'`);
    db.close();
    const { code, stderr } = await run('audit', 'verify');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the signature of the cut is not good/)]);
  });
});
