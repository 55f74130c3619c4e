import {
  access,
  chmod,
  chown,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuthorities } from '../../src/ca/authorities/open.js';
import { loadCaFiles } from '../../src/ca/folder/files.js';
import { openLocalStore } from '../../src/ca/local-access.js';
import { checkCa, initCa, startCa } from '../../src/programs/ca/start.js';
import { exitCodeOf } from '../../src/programs/exit-code.js';
import { lockDirectory } from '../../src/programs/lock.js';
import { describeError } from '../../src/programs/operator-error.js';
import { startRa } from '../../src/programs/ra/program.js';
import { loadProgramSettings } from '../../src/programs/settings.js';
import { PROGRAM } from '../../src/store/contract/audit.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';

/**
 * Each file of a CA's and an RA's folder, lost and damaged in each way: the start ends with the exit code 78 and names the file, or
 * goes on with a word where that is promised; no key, certificate or database is made in its place.
 *
 * Not in the table, because no start can tell: a seed or a name that is another but whole (both are the operator's to change), and
 * another RA's channel key (the CA does not admit it, and readiness says so).
 */

const silent = pino({ level: 'silent' });
const NOBODY = 65_534;
const PRINTER =
  'duration: 30\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [serverAuth]\ncertType: server\n';
const isRoot = process.getuid?.() === 0;

const caSettings = (dataDir: string, more: Record<string, string> = {}) =>
  loadProgramSettings('ca', {
    UPKI_DATA_DIR: dataDir,
    UPKI_CA_HOST: '127.0.0.1',
    UPKI_CA_PORT: '0',
    UPKI_CA_PUBLIC_URL: 'http://pki.example.test',
    ...more,
  });

interface Served {
  ca: string;
  ra: string;
  /** The key of its second issuer, relative to `ca`. */
  issuerKey: string;
  stop(): Promise<void>;
  raSettings(dataDir: string, more?: Record<string, string>): ReturnType<typeof loadProgramSettings>;
}

/** A CA with two issuers that goes on serving, and an RA that has served. */
async function serve(): Promise<Served> {
  const [made, ca, ra] = [newFolder(), newFolder(), newFolder()];
  await (await startCa(caSettings(made), silent, 'both', true)).stop();
  const store = await openLocalStore(made, null);
  const files = await loadCaFiles({ dataDir: made, passphrase: null, seed: null });
  const options = { dataDir: made, passphrase: null, publicUrl: null, shared: false, clock: Date.now };
  const local = await openAuthorities(store, files, { ...options, succeedAt: 0.5, log: silent });
  await local.succession.makeIssuer(PROGRAM);
  await store.close();
  await (await startCa(caSettings(made), silent, 'both', true)).stop();
  await writeFile(join(made, 'profiles', 'printer.yml'), PRINTER);
  await cp(made, ca, { recursive: true });
  const running = await startCa(caSettings(made), silent, 'both', true);
  const { operationsPort, registrationPort } = running.info;
  const raSettings = (dataDir: string, more: Record<string, string> = {}) =>
    loadProgramSettings('ra', {
      UPKI_DATA_DIR: dataDir,
      UPKI_CA_HOST: '127.0.0.1',
      UPKI_CA_PORT: String(operationsPort),
      UPKI_CA_REGISTRATION_PORT: String(registrationPort),
      UPKI_RA_HOST: '127.0.0.1',
      UPKI_RA_PORT: '0',
      UPKI_RA_HTTP: 'no',
      UPKI_RA_CN: 'localhost',
      ...more,
    });
  const { settings } = raSettings(ra, { UPKI_CA_SEED_FILE: join(made, 'seed') });
  await (await startRa(settings, silent)).stop();
  const issuerKey = (await filesOf(ca)).find((name) => /^issuers\/\w+\.key$/.test(name)) ?? '';
  return { ca, ra, issuerKey, raSettings, stop: () => running.stop() };
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Keys and certificates, and which databases there are; what a program writes at every start is left out. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const name of await filesOf(folder)) {
    if (/^\.lock|-(wal|shm)$|^last-seen/.test(name)) continue;
    const text = () => readFile(join(folder, name), 'base64').catch(() => 'not readable');
    contents[name] = name.endsWith('.db') ? 'a database' : await text();
  }
  return contents;
}

type Harm = 'deleted' | 'empty' | 'half' | 'foreign' | 'mode 0' | 'a folder' | 'a dangling link';
const DAMAGES: Record<Harm, (path: string, foreign: string) => Promise<unknown>> = {
  deleted: (path) => rm(path),
  empty: (path) => truncate(path, 0),
  half: async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  foreign: (path, foreign) => cp(foreign, path),
  'mode 0': (path) => chmod(path, 0),
  'a folder': (path) => rm(path).then(() => mkdir(path)),
  'a dangling link': (path) => rm(path).then(() => symlink('/nowhere/at/all', path)),
};
const ALL = Object.keys(DAMAGES) as Harm[];
const UNUSABLE: Harm[] = ['mode 0', 'a folder', 'a dangling link'];
const but = (...left: Harm[]): Harm[] => ALL.filter((each) => !left.includes(each));

const ISSUER_KEY = 'issuers/ID.key';
const CA_FILES: [name: string, harms: Harm[]][] = [
  ['ca.crt', ALL],
  ['ca.key', but('deleted')],
  ['issuer.crt', ALL],
  ['issuer.key', ALL],
  ['channel.key', ALL],
  ['identity.json', but('deleted')],
  ['ca.db', ALL],
  ['seed', ['deleted', 'empty', ...UNUSABLE]],
  [ISSUER_KEY, ALL],
  ['ocsp.pem', UNUSABLE],
  [ISSUER_KEY.replace('.key', '.ocsp.pem'), UNUSABLE],
  ['last-seen.json', UNUSABLE],
  ['ca.config.yml', UNUSABLE],
  ['profiles/printer.yml', ['empty', ...UNUSABLE]],
  ['.lock', UNUSABLE],
];
const RA_FILES: [name: string, harms: Harm[]][] = [
  ['ra.key', ALL],
  ['ra.crt', ALL],
  ['ca.crt', ALL],
  ['channel.key', but('foreign')],
  ['ca-channel.pub', ALL],
  ['identity.json', but('deleted')],
  ['acme.db', ALL],
  ['names.json', ['empty', 'half', ...UNUSABLE]],
  ['last-seen.json', UNUSABLE],
  ['url', UNUSABLE],
  ['.lock', UNUSABLE],
];

let mine: Served;
let other: Served;
beforeAll(async () => {
  [mine, other] = [await serve(), await serve()];
}, 120_000);
afterAll(async () => {
  await mine?.stop();
  await other?.stop();
});

/** The steps of `upki ca init`, and of `upki ca start`. */
async function caInit(dataDir: string): Promise<void> {
  const unlock = lockDirectory(dataDir);
  const loaded = caSettings(dataDir);
  await initCa(loaded)
    .then((files) => checkCa(loaded, files))
    .finally(unlock);
}
const caStart = async (dataDir: string) => (await startCa(caSettings(dataDir), silent, 'both', true)).stop();
const raStart = async (dataDir: string) =>
  (await startRa(mine.raSettings(dataDir).settings, silent, 'command')).stop();

/** Where a folder belongs there is something else, or it may not be entered. */
const FOLDERS: Record<string, (path: string) => Promise<unknown>> = {
  'a file': (path) => rename(path, `${path}.away`).then(() => writeFile(path, 'text')),
  'a dangling link': (path) => rename(path, `${path}.away`).then(() => symlink('/nowhere/at/all', path)),
  'mode 0': (path) => chmod(path, 0),
};

const PROGRAMS = {
  ca: { starts: [caInit, caStart], files: CA_FILES },
  ra: { starts: [raStart], files: RA_FILES },
} as const;
type Name = keyof typeof PROGRAMS;

/** A copy of a program's folder, and what belongs in it of the other installation. */
async function copyOf(program: Name): Promise<string> {
  const folder = newFolder();
  await cp(mine[program], folder, { recursive: true });
  return folder;
}

const nameOf = (served: Served, name: string) =>
  name.replace(ISSUER_KEY.slice(0, -4), served.issuerKey.slice(0, -4));

/** Runs it, and rejects unless it is refused for good, in words that name the path, without a stack. */
async function isRefused(start: () => Promise<void>, path: string): Promise<void> {
  const error = await start().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) throw new Error('it was not refused');
  const said = describeError(error);
  expect(said).toContain(path);
  expect(said).not.toMatch(/\n\s+at |undefined|\bE[A-Z]{4,}:/);
  expect(exitCodeOf(error), said).toBe(78);
  expect(said.length, said).toBeGreaterThan(path.length + 30);
}

/** Everything is somebody else's who runs the step: for root no file is closed. */
async function asNobody<T>(folder: string, step: () => Promise<T>): Promise<T> {
  if (!isRoot) return step();
  for (const name of ['', ...(await readdir(folder, { recursive: true }))])
    await chown(join(folder, name), NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await step();
  } finally {
    process.seteuid?.(0);
  }
}

/** Why a file that nobody may read cannot be tried here; null: it can. */
async function whyNoModes(): Promise<string | null> {
  if (!isRoot) return null;
  const folder = newFolder();
  return asNobody(folder, () => access(folder)).then(
    () => null,
    (error: Error) => `as another user than root, ${error.message}`,
  );
}

describe.each(['ca', 'ra'] as const)('a folder of the %s', (program) => {
  const { starts, files } = PROGRAMS[program];
  const table = files.flatMap(([name, harms]) => harms.map((harm) => [name, harm] as const));

  it.each(
    table,
  )('whose %s is %s is refused by name, and nothing is made in its place', async (name, harm) => {
    const folder = await copyOf(program);
    const path = join(folder, nameOf(mine, name));
    await DAMAGES[harm](path, join(other[program], nameOf(other, name)));
    const before = await contentsOf(folder);
    const why = harm === 'mode 0' ? await whyNoModes() : null;
    if (why !== null) return void process.stdout.write(`${name} of mode 0 is not tried: ${why}\n`);
    for (const start of starts) {
      const refused = () => isRefused(() => start(folder), path);
      await (harm === 'mode 0' ? asNobody(folder, refused) : refused());
      expect(await contentsOf(folder)).toEqual(before);
    }
  });
});

describe('a folder where', () => {
  const table = (['ca', 'ra'] as const).flatMap((program) =>
    ['.', ...(program === 'ca' ? ['issuers', 'profiles'] : [])].flatMap((name) =>
      Object.keys(FOLDERS).map((harm) => [program, name, harm] as const),
    ),
  );

  it.each(table)('of the %s %s is %s is refused by name', async (program, name, harm) => {
    const folder = await copyOf(program);
    const path = join(folder, name);
    if (name !== '.' && harm === 'mode 0') await chown(path, NOBODY, NOBODY);
    await FOLDERS[harm]?.(path);
    for (const start of PROGRAMS[program].starts) {
      const refused = () => isRefused(() => start(folder), path);
      await (harm === 'mode 0' ? asNobody(folder, refused) : refused());
    }
  });
});

describe('recreated files are reported', () => {
  const told = () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    return { log, text: () => lines.join('\n') };
  };

  it('by a CA: its marker and what its OCSP responder signs with; settings that were never changed come back in silence', async () => {
    const folder = await copyOf('ca');
    for (const name of ['identity.json', 'ca.config.yml']) await rm(join(folder, name));
    await truncate(join(folder, mine.issuerKey.replace('.key', '.ocsp.pem')));
    await writeFile(join(folder, 'last-seen.json'), '{"count":');
    const { log, text } = told();
    await (await startCa(caSettings(folder), log, 'both', true)).stop();
    expect(text()).toContain(`${join(folder, 'identity.json')} was not there`);
    expect(text()).toContain('the OCSP certificate cannot be read and is replaced');
    const [before, after] = [await contentsOf(mine.ca), await contentsOf(folder)];
    for (const name of Object.keys(before).filter((each) => /key$|crt$|seed/.test(each)))
      expect(after[name], name).toBe(before[name]);
  });

  it('by an RA: its marker; the names come back from its certificate', async () => {
    const folder = await copyOf('ra');
    for (const name of ['identity.json', 'names.json', 'url']) await rm(join(folder, name));
    const { log, text } = told();
    await (await startRa(mine.raSettings(folder).settings, log)).stop();
    expect(text()).toContain(`${join(folder, 'identity.json')} was not there`);
    const after = await contentsOf(folder);
    for (const [name, content] of Object.entries(await contentsOf(mine.ra)))
      if (/key$|crt$|pub$/.test(name)) expect(after[name], name).toBe(content);
  });
});

it('a folder that is gone while its database is in PostgreSQL is missed by the files it held, and no root is made', async () => {
  const database = await createDatabase();
  const folder = newFolder();
  const settings = () => caSettings(folder, { UPKI_CA_DATABASE_URL: database.url });
  await (await startCa(settings(), silent, 'both', true)).stop();
  await rename(folder, `${folder}.away`);
  await isRefused(
    async () => (await startCa(settings(), silent, 'both', true)).stop(),
    join(folder, 'ca.crt'),
  );
  await isRefused(async () => void (await initCa(settings())), join(folder, 'issuer.key'));
  expect(await filesOf(folder)).not.toContain('ca.crt');
  await database.drop();
});
