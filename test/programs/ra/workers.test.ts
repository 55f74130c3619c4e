import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CannotStart } from '../../../src/programs/exit.js';
import { RaFiles } from '../../../src/programs/ra/files.js';
import { workerFolder } from '../../../src/programs/ra/worker.js';
import { prepareFolder } from '../../../src/programs/ra/workers.js';
import { newFolder } from '../../../tools/kit/folder.js';

const caSeed = 'a seed of the CA';
const aside = (dataDir: string) => readdirSync(dataDir).filter((name) => /^worker-2\..*\.old$/.test(name));

async function firstWorker(): Promise<{ dataDir: string; caSeed: string }> {
  const dataDir = newFolder();
  await new RaFiles(dataDir).keys();
  return { dataDir, caSeed };
}

describe('the folder of a worker other than the first', () => {
  it('is readable only by its owner, in the folder of the first, and unchanged at the next start', async () => {
    const first = await firstWorker();
    await prepareFolder(first, 2);
    const folder = workerFolder(first.dataDir, 2);
    expect(folder).toBe(join(first.dataDir, 'worker-2'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const keys = await new RaFiles(folder).keys();
    await prepareFolder(first, 2);
    expect(await new RaFiles(folder).keys()).toEqual(keys);
    expect(aside(first.dataDir)).toEqual([]);
  });

  it('is set aside when the first has other keys, and when it is of no worker, and nothing in it is lost', async () => {
    const first = await firstWorker();
    const folder = workerFolder(first.dataDir, 2);
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), '');
    await prepareFolder(first, 2);
    expect(aside(first.dataDir).map((name) => readdirSync(join(first.dataDir, name)))).toEqual([['mine']]);
    await new RaFiles(first.dataDir).beginAnew();
    await prepareFolder(first, 2);
    expect(aside(first.dataDir)).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(['registration']);
  });

  it('is refused without a seed, with the settings that give one, because its worker has to register', async () => {
    const { dataDir } = await firstWorker();
    const refused = prepareFolder({ dataDir, caSeed: null }, 3);
    await expect(refused).rejects.toThrow(CannotStart);
    await expect(refused).rejects.toThrow(
      'worker 3 of this RA has to register with the CA as another replica: set UPKI_CA_SEED or UPKI_CA_SEED_FILE',
    );
    expect(readdirSync(dataDir)).not.toContain('worker-3');
  });
});
