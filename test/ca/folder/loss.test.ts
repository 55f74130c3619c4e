import { chmod, cp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { initCaFiles, loadCaFiles } from '../../../src/ca/folder/files.js';
import { createIntermediate } from '../../../src/ca/folder/issuer-certificates.js';
import { keyFromPem, keyToPem, publicKeyDer } from '../../../src/ca/folder/keys.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { dn } from '../../../src/x509/name.js';
import { toPem } from '../../../src/x509/pem.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { newKey } from '../../support/requests.js';
import { CaWorld, initOptions } from '../../support/world/ca.js';

/** What was lost, or belongs elsewhere, ends the start with its name; nothing is made in its place. */

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A CA that has served, and stands still. */
async function served(changes: ConstructorParameters<typeof CaWorld>[0] = {}): Promise<CaWorld> {
  const world = new CaWorld(changes);
  ending.push(() => world.close());
  await world.start();
  await world.stop();
  return world;
}

const FILES = ['ca.crt', 'issuer.crt', 'issuer.key', 'channel.key', 'seed'];
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Neither a start nor an initialisation makes anything: both name the file. */
async function refused(world: CaWorld, expected: RegExp): Promise<void> {
  await expect(world.start()).rejects.toThrow(expected);
  await expect(initCaFiles(initOptions(world.dataDir))).rejects.toThrow(expected);
  await expect(world.start()).rejects.toThrow(expected);
}

describe('a lost file of a CA that has served', () => {
  it.each(
    FILES,
  )('%s ends the start, is not made anew, and is taken back when it is restored', async (name) => {
    const world = await served();
    const path = join(world.dataDir, name);
    await rename(path, `${path}.away`);
    await refused(world, new RegExp(`${name} is missing: it is .+ (Restore|restore)`));
    expect(await exists(path)).toBe(false);
    await rename(`${path}.away`, path);
    await world.start();
  });

  it('names all of them when several are lost', async () => {
    const world = await served();
    for (const name of FILES.slice(1)) await rm(join(world.dataDir, name));
    const error = await world.start().catch((thrown: Error) => thrown.message);
    for (const name of FILES.slice(1)) expect(error).toContain(`${name} is missing`);
  });

  it.each([
    'missing',
    'empty',
  ])('ca.db %s ends the start, and an empty one is begun only on purpose', async (how) => {
    const world = await served();
    const path = join(world.dataDir, 'ca.db');
    for (const suffix of ['-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
    if (how === 'missing') await rm(path);
    else await truncate(path);
    await expect(world.start()).rejects.toThrow(
      new RegExp(`ca\\.db is ${how}.*every certificate.*--anew database`),
    );
    expect(await exists(path)).toBe(how === 'empty');
    await initCaFiles(initOptions(world.dataDir, { anew: ['database'] }));
    await world.start();
  });

  it('without ca.db, a folder without a marker does not become a new CA either if other files exist', async () => {
    const world = await served();
    await rm(join(world.dataDir, 'identity.json'));
    await world.start();
    expect(await exists(join(world.dataDir, 'identity.json'))).toBe(true);
  });

  it('the root key may be lost or stored elsewhere', async () => {
    const world = await served();
    await rm(join(world.dataDir, 'ca.key'));
    await world.start();
  });

  it('channel key and seed can be recreated deliberately, and the old files are set aside', async () => {
    const world = await served();
    const before = await readFile(join(world.dataDir, 'channel.key'), 'utf8');
    await initCaFiles(initOptions(world.dataDir, { anew: ['channel.key'] }));
    expect(await readFile(join(world.dataDir, 'channel.key'), 'utf8')).not.toBe(before);
    await rm(join(world.dataDir, 'seed'));
    await initCaFiles(initOptions(world.dataDir, { anew: ['seed'] }));
    await world.start();
  });
});

describe('a foreign file in the folder of a CA', () => {
  it.each([
    ['ca.crt', /ca\.crt is the certificate of another CA: its SHA-256 is [0-9A-F:]+….*this CA's is/],
    ['issuer.crt', /issuer\.crt is the certificate of another CA/],
    ['issuer.key', /issuer\.key is not the key of the issuing certificate .*issuer\.crt/],
    ['channel.key', /channel\.key is another key than the one registered RAs know.*--anew channel\.key/],
    ['ca.key', /ca\.key is not the key of the root certificate .*ca\.crt/],
    ['ca.db', /ca\.db is the database of another CA: its root has the SHA-256/],
    ['identity.json', /ca\.crt is the certificate of another CA/],
  ])('%s ends the start with its name', async (name, expected) => {
    const [world, other] = [await served(), await served()];
    await cp(join(other.dataDir, name), join(world.dataDir, name));
    await expect(world.start()).rejects.toThrow(expected);
    if (name !== 'ca.db') {
      await expect(initCaFiles(initOptions(world.dataDir))).rejects.toThrow(expected);
    }
  });

  it('the files of another CA are refused with the database of this one', async () => {
    const [world, other] = [await served(), await served()];
    for (const name of [...FILES, 'ca.key', 'identity.json']) {
      await cp(join(other.dataDir, name), join(world.dataDir, name));
    }
    await expect(world.start()).rejects.toThrow(/ca\.db is the database of another CA/);
  });

  it('a database of an older version is recognised by its CRL', async () => {
    const [world, other] = [await served(), await served()];
    for (const { dataDir } of [world, other]) {
      const db = new DatabaseSync(join(dataDir, 'ca.db'));
      db.exec("DELETE FROM settings WHERE name = 'identity'");
      db.close();
      await rm(join(dataDir, 'identity.json'));
    }
    await world.start();
    await world.stop();
    await cp(join(other.dataDir, 'ca.db'), join(world.dataDir, 'ca.db'));
    await rm(join(world.dataDir, 'identity.json'));
    await expect(world.start()).rejects.toThrow(/another CA: the CRL in it was not signed by the key/);
  });

  it('an issuer signed by another key is refused, whatever the marker contains', async () => {
    const [world, other] = [await served(), await served()];
    const { root } = await loadCaFiles({ ...initOptions(other.dataDir), seed: null });
    const rootKey = keyFromPem(await readFile(join(other.dataDir, 'ca.key')), null, 'ca.key');
    const key = newKey();
    const fields = { subject: dn(['CN', 'Other']), serial: '11'.repeat(17), locations: [] };
    const times = { notBefore: Date.now() - 1000, notAfter: Date.now() + 86_400_000 };
    const der = await createIntermediate(
      { ...fields, ...times, spki: publicKeyDer(key) },
      root,
      signerFor(rootKey),
    );
    await writeFile(join(world.dataDir, 'issuer.crt'), toPem('CERTIFICATE', der));
    await writeFile(join(world.dataDir, 'issuer.key'), await keyToPem(key, null));
    await rm(join(world.dataDir, 'identity.json'));
    await expect(world.start()).rejects.toThrow(/issuer\.crt does not lead to the root in .*ca\.crt/);
  });
});

describe('a damaged file', () => {
  const GARBAGE = ['', 'garbage', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', '\0\0\0'];
  it.each([
    'ca.crt',
    'issuer.crt',
    'issuer.key',
    'channel.key',
    'ca.key',
    'identity.json',
  ])('%s ends the start with its name, whatever it holds', async (name) => {
    const world = await served();
    for (const content of GARBAGE) {
      await writeFile(join(world.dataDir, name), content);
      await expect(world.start(), JSON.stringify(content)).rejects.toThrow(`${world.dataDir}/${name}`);
    }
  });

  it('a file that is not a database is refused by name, without a retry', async () => {
    const world = await served();
    const path = join(world.dataDir, 'ca.db');
    for (const suffix of ['-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
    await writeFile(path, 'this is no database at all, but long enough to be taken for one'.repeat(100));
    await expect(world.start()).rejects.toMatchObject({ name: 'StoreRefused' });
    await expect(world.start()).rejects.toThrow(/ca\.db: the database is damaged .*upki store check/);
  });
});

describe('keys and seeds that everybody can read', () => {
  it('become readable by their owner only at the next start, which logs it', async () => {
    const warned: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => warned.push(JSON.parse(line).msg) });
    const world = await served({ log });
    const open = ['ca.key', 'issuer.key', 'channel.key', 'seed', 'ocsp.pem'];
    for (const name of open) await chmod(join(world.dataDir, name), 0o644);
    await world.start();
    for (const name of open) {
      expect((await stat(join(world.dataDir, name))).mode & 0o007, name).toBe(0);
      expect(
        warned.find((line) => line.includes(`${name} could be read by everybody`)),
        name,
      ).toBeDefined();
    }
  });
});

describe('with PostgreSQL', () => {
  it('an empty database and that of another CA prevent the start', async () => {
    const [mine, empty, foreign] = [await createDatabase(), await createDatabase(), await createDatabase()];
    ending.push(mine.drop, empty.drop, foreign.drop);
    const world = await served({ databaseUrl: mine.url });
    await served({ databaseUrl: foreign.url });
    const starting = (databaseUrl: string) => {
      Object.assign(world.changes, { databaseUrl });
      return world.start();
    };
    await expect(starting(empty.url)).rejects.toThrow(/is not the database this CA had: it is empty/);
    await expect(starting(foreign.url)).rejects.toThrow(/is the database of another CA/);
    await expect(starting(foreign.url)).rejects.not.toThrow(new URL(foreign.url).password);
    await starting(mine.url);
  });
});

it('a folder that was never a CA is distinguished from one that lost its files', async () => {
  await expect(loadCaFiles({ ...initOptions(newFolder()), seed: null })).rejects.toThrow(
    /is not an initialised CA: run `upki ca init`/,
  );
});
