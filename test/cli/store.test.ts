import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockDirectory } from '../../src/programs/lock.js';
import { openRaStore } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { build, upki } from './run.js';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => {
  build();
  database = await createDatabase();
}, 120_000);
afterAll(() => database.drop());

async function filled(): Promise<string> {
  const folder = newFolder();
  const store = await openRaStore(join(folder, 'acme.db'));
  await store.putSetting('a', 'kept');
  await store.close();
  return folder;
}

describe('upki store copy', () => {
  it('moves an RA to the database whose URL is in a file, prints progress, and prints no password', async () => {
    const folder = await filled();
    const file = join(folder, 'url');
    writeFileSync(file, `${database.url}\n`);
    const from = `sqlite:${join(folder, 'acme.db')}`;
    const { code, stdout, stderr } = await upki(['store', 'copy', '--from', from, '--to-file', file]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('settings: 1\n');
    expect(stdout).toContain('UPKI_DATABASE_URL');
    expect(stderr).toContain('uPKI: settings: copied 1 of 1\n');
    expect(stdout + stderr).not.toContain(new URL(database.url).password);
    const store = await openRaStore(database.url);
    expect(await store.getSetting('a')).toBe('kept');
    await store.close();
  });

  it('refuses with 78 a database that a running RA uses', async () => {
    const folder = await filled();
    const unlock = lockDirectory(folder);
    const { code, stderr } = await upki([
      ...['store', 'copy', '--from', join(folder, 'acme.db'), '--to', database.url],
    ]);
    unlock();
    expect(code).toBe(78);
    expect(stderr).toContain(`another uPKI runs on ${folder}`);
  });

  it.each([
    [
      ['--from', 'postgres://a/b', '--to', 'postgres://a/c'],
      '--from is "postgres://a/b": it must be sqlite:PATH',
    ],
    [['--from', 'sqlite:x'], 'give one of --to and --to-file'],
    [['--from', 'sqlite:x', '--to', 'postgres://me:quiet@'], '--to must be postgres://USER'],
    [['--to', 'postgres://a/c'], 'give one of --from and --from-file'],
    [['--from', 'postgres://a/c', '--to', 'sqlite:x'], 'give --program ra or --program ca'],
    [['--from', 'sqlite:x', '--to', 'sqlite:y'], '--to must be postgres://USER'],
  ])('ends %j with 2, as wrong usage', async (args, complaint) => {
    const { code, stderr } = await upki(['store', 'copy', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(complaint);
    expect(stderr).not.toContain('quiet');
  });

  it('exits with 1 and the reason when the source does not exist', async () => {
    const { code, stderr } = await upki([
      ...['store', 'copy', '--from', join(newFolder(), 'none.db'), '--to', database.url],
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/none\.db: there is no such file\n$/);
  });
});
