import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRaStore } from '../../src/store/open.js';
import { newFolder } from '../../tools/kit/folder.js';

let folder: string;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const BUILT = new URL('../../dist/store/open.js', import.meta.url).href;
const WRITER = new URL('./durability-writer.mjs', import.meta.url).pathname;

describe('acknowledged writes are durable', () => {
  test('every acknowledged write is stored after kill -9 during writes, three times in a row', async () => {
    const path = join(folder, 'ra.db');
    for (let round = 0; round < 3; round += 1) {
      const acknowledged = await writeUntilKilled(path, 300);
      const store = await openRaStore(path);
      const values = await Promise.all(acknowledged.map((name) => store.getSetting(name)));
      await store.close();
      expect(acknowledged.length).toBeGreaterThanOrEqual(300);
      expect(values).toEqual(acknowledged.map((name) => `${name} is kept`));
    }
  });

  test('concurrent writes share commits: the log grows by far fewer pages than there are writes', async () => {
    const path = join(folder, 'ra.db');
    const store = await openRaStore(path);
    const pages = () => statSync(`${path}-wal`).size / 4096;
    const before = pages();
    for (let count = 0; count < 50; count += 1) await store.ping();
    const oneByOne = pages() - before;
    await Promise.all(Array.from({ length: 500 }, () => store.ping()));
    const together = pages() - before - oneByOne;
    await store.close();
    expect(oneByOne).toBeGreaterThanOrEqual(50);
    expect(together).toBeLessThanOrEqual(5);
  });

  test.runIf(canMount())(
    'a full disk fails writes and serves reads, and writes succeed once there is space',
    async () => {
      const disk = join(folder, 'disk');
      const path = join(disk, 'ra.db');
      const ballast = join(disk, 'ballast');
      mount(disk, '2m');
      try {
        const store = await openRaStore(path);
        await store.putSetting('before', 'kept');
        fill(ballast, disk);
        const attempt = store.putSetting('large', 'x'.repeat(500_000));
        await expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await store.getSetting('before')).toBe('kept');
        expect(await store.getSetting('large')).toBeNull();
        rmSync(ballast);
        await store.putSetting('after', 'kept');
        await store.close();
        const again = await openRaStore(path);
        expect([await again.getSetting('before'), await again.getSetting('after')]).toEqual(['kept', 'kept']);
        await again.close();
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );
});

/** Lets a process write until it acknowledged so many, kills it without warning, and returns all it acknowledged. */
async function writeUntilKilled(path: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, BUILT, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    if (output.split('\n').length > enough) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

function mount(disk: string, size: string): boolean {
  spawnSync('mkdir', ['-p', disk]);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]).status === 0;
}

/** Only root may make a small disk; elsewhere batch.test.ts proves the same of a full database. */
function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe = newFolder();
  const mounted = mount(probe, '1m');
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
}

/** Takes all the room that is left. */
function fill(file: string, disk: string): void {
  expect(existsSync(disk)).toBe(true);
  for (let size = 2_000_000; size >= 1_000; size = Math.floor(size / 2)) {
    try {
      writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Did not fit; a smaller piece may.
    }
  }
  expect(readFileSync(file).length).toBeGreaterThan(0);
}
