import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

/** The steps of a rollover, and how many roots the RA gives out after each. */
const STEPS: [args: string[], roots: number][] = [
  [[], 2],
  [['--switch'], 2],
  [['--retire'], 1],
];

describe('upki start after a rollover of the root', () => {
  it('starts after every step, stopped or killed, also for the next root, and with a new RA', async () => {
    const dataDir = newFolder();
    const [ca, ra] = [join(dataDir, 'ca'), join(dataDir, 'ra')];
    const rootsGiven = async () =>
      (await readFile(join(ra, 'ca.crt'), 'utf8')).match(/BEGIN CERTIFICATE/g)?.length;
    let running = await startUpki({ dataDir });
    const { ports } = running;
    for (const round of [1, 2]) {
      for (const [args, roots] of STEPS) {
        const step = `round ${round} ${args.join(' ')}`;
        const done = await upki(['ca', 'rollover', 'root', ...args, '-d', ca]);
        expect(done, step).toMatchObject({ code: 0, stderr: '' });
        await expect.poll(rootsGiven, { timeout: 30_000, message: step }).toBe(roots);
        if (round === 1) expect(await running.stop(), step).toBe(0);
        else await running.kill('all');
        running = await startUpki({ dataDir, ports });
        expect(await rootsGiven(), step).toBe(roots);
      }
    }
    expect(await running.stop()).toBe(0);
    // It never knew the root its CA began with.
    rmSync(ra, { recursive: true });
    expect(await upki(['ra', 'init', '-d', ra])).toMatchObject({ code: 0 });
    for (const start of ['first', 'second']) {
      running = await startUpki({ dataDir, ports });
      expect(await running.stop(), start).toBe(0);
    }
  }, 180_000);
});
