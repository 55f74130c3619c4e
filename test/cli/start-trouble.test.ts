import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Program, SETTINGS } from '../../src/config/index.js';
import { sharedKey } from '../../src/config/setting.js';
import { openCaStore } from '../../src/store/index.js';
import { type Outcome, outcomeOf } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { UPKI } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

/** Free ports, so that these starts fail for their own reason only. */
const PORTS = {
  UPKI_CA_PORT: '0',
  UPKI_CA_REGISTRATION_PORT: '0',
  UPKI_RA_PORT: '0',
  UPKI_RA_HTTP_PORT: '0',
  UPKI_RA_HOST: '127.0.0.1',
};

type Start = 'start' | 'ca start' | 'ra start';

/** Ends a start that does not end by itself, which is then seen by its missing code. */
const start = (env: NodeJS.ProcessEnv, args: string[] = [], which: Start = 'start') =>
  upki([...which.split(' '), ...args], { ...PORTS, ...env }, 60_000);

function expectSentence({ code, stderr, stdout }: Outcome, sentence: RegExp, wanted = 78): void {
  expect({ code, stderr }).toMatchObject({ code: wanted, stderr: expect.stringMatching(sentence) });
  expect(stderr).not.toMatch(/^ {4}at /m);
  // No file is named twice (`is "/p": /p: …`), and no error is left in the system's words.
  expect(stderr).not.toMatch(/"(\/[^"]+)": \1\b/);
  expect(stderr).not.toMatch(/\bE[A-Z]{4,}: /);
  expect(stderr).not.toContain('starting it again');
  expect(stdout).not.toContain('is ready');
}

/** A folder with a file in it. */
function folderWith(name: string, content: string): string {
  const folder = newFolder();
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
  return folder;
}

interface Trouble {
  env?: NodeJS.ProcessEnv;
  args?: string[];
}

const yml = (content: string): Trouble => ({ args: ['-d', folderWith('upki.yml', content)] });

/** What ends each of the three starts in the same way, before anything is made; tried with `upki start` and with one of the others. */
const EVERYWHERE: [what: string, make: () => Trouble, sentence: RegExp][] = [
  [
    'a wrong value in the environment',
    () => ({ env: { UPKI_LOG_LEVEL: 'x' } }),
    /UPKI_LOG_LEVEL is "x": it must be one of/,
  ],
  [
    'a wrong value in upki.yml',
    () => yml('log_level: x'),
    /log_level in \/.*\/upki\.yml is "x": it must be one of/,
  ],
  [
    'an unknown name in upki.yml',
    () => yml('ra_alow: a.test'),
    /ra_alow in .*upki\.yml is not a setting; did you mean ra_allow\?/,
  ],
  [
    'a name that stands twice in upki.yml',
    () => yml('ra: { port: 1 }\nra_port: 2'),
    /ra_port stands twice in .*upki\.yml/,
  ],
  [
    'a syntax error in upki.yml',
    () => yml('ra: [\n'),
    /upki\.yml cannot be read: .* at line \d+, column \d+\n/,
  ],
  ['a tab in upki.yml', () => yml('ra:\n\turl: x\n'), /upki\.yml cannot be read: Tabs .* at line 2/],
  ['an upki.yml that is a list', () => yml('- a'), /upki\.yml must hold names and values/],
  [
    'settings in upki.yml that contradict each other',
    () => yml('ca_host: "127.0.0.1:65535"'),
    /UPKI_CA_HOST has the port 65535: .* \(UPKI_CA_HOST is from \/.*upki\.yml\)/,
  ],
  [
    'an upki.yml that is a folder',
    () => ({ args: ['-d', folderWith('upki.yml/x', '')] }),
    /upki\.yml: it is a folder where a file is needed/,
  ],
  [
    'a file of settings that is not there',
    () => ({ env: { UPKI_CONFIG: '/absent/upki.yml' } }),
    /UPKI_CONFIG is "\/absent\/upki\.yml": there is no such file/,
  ],
  [
    'the file of a secret that is not there',
    () => ({ env: { UPKI_CA_SEED_FILE: '/absent' } }),
    /UPKI_CA_SEED_FILE is "\/absent": there is no such file/,
  ],
  [
    'the file of a secret that is a folder',
    () => ({ env: { UPKI_CA_SEED_FILE: '/' } }),
    /UPKI_CA_SEED_FILE is "\/": .*folder where a file is needed/,
  ],
  [
    'a seed that is too short',
    () => ({ env: { UPKI_CA_SEED: 'short' } }),
    /UPKI_CA_SEED has 5 characters: curve mode needs 22/,
  ],
  [
    'a data directory that no program can make',
    () => ({ args: ['-d', '/proc/x'] }),
    /\/proc\/x: there is no such file or folder/,
  ],
  [
    'a data directory below a file',
    () => ({ args: ['-d', join(folderWith('file', ''), 'file', 'upki')] }),
    /file.*: a part of this path is a file/,
  ],
  [
    'a data directory that is a file',
    () => ({ env: { UPKI_DATA_DIR: join(folderWith('file', ''), 'file') } }),
    /file.*: (a part of this path|it) is a file where a folder is needed/,
  ],
  [
    'a data directory whose name is too long',
    () => ({ args: ['-d', `/tmp/${'a'.repeat(300)}`] }),
    /too long/,
  ],
  [
    'a data directory that links to itself',
    () => {
      const loop = join(newFolder(), 'loop');
      symlinkSync(loop, loop);
      return { args: ['-d', loop] };
    },
    /loop.*: its symbolic links lead in a circle/,
  ],
];

describe('what a start cannot use ends it at once, with 78 and one sentence, without a stack and without restarts', () => {
  it.each(EVERYWHERE.map((each, index) => [...each, index % 2 === 0 ? 'ca start' : 'ra start'] as const))(
    'upki start and the start of one program are told of %s',
    async (_what, make, sentence, alone) => {
      const outcomes = (['start', alone] as const).map((which) => {
        const { env = {}, args = [] } = make();
        return start(env, args, which);
      });
      for (const outcome of await Promise.all(outcomes)) expectSentence(outcome, sentence);
    },
    60_000,
  );

  /** The settings of a program that can be written in a file; where the file and the data are is said elsewhere. */
  const names = (programs: readonly Program[]) =>
    Object.values(SETTINGS).filter(
      ({ env, programs: of }) =>
        !['UPKI_DATA_DIR', 'UPKI_CONFIG'].includes(env) && of.some((each) => programs.includes(each)),
    );

  it.each([
    ['start', ['ca']],
    ['ca start', ['ca']],
    ['ra start', ['ra']],
  ] as const)(
    'upki %s names every one of its settings that is wrong, in the environment and in upki.yml',
    async (which, programs) => {
      const wrong = names(programs);
      const inFile = wrong.map(({ env }) => `${sharedKey(env)}: "\\u0001"\n`).join('');
      const folder = folderWith('upki.yml', inFile);
      const [environment, file] = await Promise.all([
        start(Object.fromEntries(wrong.map(({ env }) => [env, '\u0001'])), ['-d', newFolder()], which),
        upki([...which.split(' '), '-d', folder], {}, 60_000),
      ]);
      expectSentence(environment, /it must be/);
      expectSentence(file, /it must be/);
      const lines = (text: string, pattern: RegExp) =>
        [...text.matchAll(pattern)].map(([, name]) => name).sort();
      expect(lines(environment.stderr, /^(?:uPKI: )?(UPKI_\w+) is .*: it must be /gm)).toEqual(
        wrong.map(({ env }) => env).sort(),
      );
      expect(lines(file.stderr, /^(?:uPKI: )?(\w+) in \/.*upki\.yml is .*: it must be /gm)).toEqual(
        wrong.map(({ env }) => sharedKey(env)).sort(),
      );
    },
    60_000,
  );

  it('a mistake on the command line ends with 2: a flag, its value, an empty directory', async () => {
    expectSentence(await start({}, ['-p', 'x']), /UPKI_CA_PORT \(from the command line\) is "x"/, 2);
    expectSentence(
      await start({}, ['-d', '']),
      /UPKI_DATA_DIR \(from the command line\) is "": it must be/,
      2,
    );
    expectSentence(await start({}, ['--web-prot', '1']), /unknown option '--web-prot'/, 2);
    expectSentence(await start({ UPKI_LOG_LEVEL: 'x' }, ['-p', 'x']), /UPKI_LOG_LEVEL is "x"/);
  });

  it('learns that the working directory was removed', async () => {
    const folder = newFolder();
    const script = 'rmdir "$PWD"; exec "$0" "$1" start -d here';
    const outcome = await outcomeOf('sh', ['-c', script, process.execPath, UPKI], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: newFolder() },
    });
    expectSentence(outcome, /the working directory is gone; change to one that exists/);
  });

  /** Whether this user may mount in a namespace of its own, which some containers forbid. */
  const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

  it.skipIf(!canMount).each<[what: string, where: string, start: string, sentence: RegExp]>([
    ['the directory', '.', 'start', /made\/ra: the file system is read-only; mount it writable/],
    ['the directory of the CA', '.', 'ca start', /made\/\.lock: the file system is read-only/],
    ['the directory of the RA', '.', 'ra start', /made\/ra\.key\.new: the file system is read-only/],
    ['the database', 'ca.db', 'ca start', /made\/ca\.db: the file system is read-only/],
  ])('is told that %s (%s) is read-only: upki %s', async (_what, where, which, sentence) => {
    const folder = join(newFolder(), 'made');
    await (await openCaStore(join(folder, 'ca.db'))).close();
    const mounting = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    const words = [process.execPath, UPKI, ...which.split(' '), '-d', folder];
    const outcome = await outcomeOf('unshare', ['-rm', 'sh', '-c', mounting, join(folder, where), ...words], {
      env: { ...PORTS, PATH: process.env.PATH, HOME: newFolder() },
      timeout: 60_000,
    });
    expectSentence(outcome, sentence);
  });

  it('learns which ports are in use, and where the setting comes from', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    try {
      const { UPKI_RA_PORT: _, ...others } = PORTS;
      const folder = folderWith('upki.yml', `ra_port: ${port}`);
      expectSentence(
        await upki(['start', '-d', folder], others, 60_000),
        /port \d+ for the RA is in use; .*set UPKI_RA_PORT.*\(UPKI_RA_PORT is from \/.*upki\.yml\)/,
      );
    } finally {
      server.close();
    }
  });

  it.each<[string, Start, () => Trouble | Promise<Trouble>, RegExp]>([
    [
      'a CA address that leads nowhere',
      'ca start',
      () => ({ env: { UPKI_CA_HOST: 'absent.invalid' } }),
      /this machine does not have the address absent\.invalid for .*; set UPKI_CA_HOST/,
    ],
    [
      'a CA to import that is not there',
      'ca start',
      () => ({ env: { UPKI_CA_KEY_FILE: '/absent.key', UPKI_CA_CERT_FILE: '/absent.crt' } }),
      /\/absent\.\w+ is to be imported, and there is no such file/,
    ],
    [
      'a database of a newer uPKI',
      'ca start',
      async () => {
        const folder = newFolder();
        await (await openCaStore(join(folder, 'ca.db'))).close();
        const db = new DatabaseSync(join(folder, 'ca.db'));
        db.exec('PRAGMA user_version = 9999');
        db.close();
        return { args: ['-d', folder] };
      },
      /ca\.db.*newer/,
    ],
    [
      'a database that is none',
      'ca start',
      () => ({ args: ['-d', folderWith('ca.db', 'no database'.repeat(1000))] }),
      /ca\.db/,
    ],
    [
      'an RA that was never registered',
      'ra start',
      () => ({}),
      /this RA is not registered with a CA: run .* or set UPKI_CA_SEED/,
    ],
    [
      'a key of the RA that is none',
      'ra start',
      () => ({ args: ['-d', folderWith('ra.key', 'no key')] }),
      /ra\.key/,
    ],
    [
      'external accounts that are no JSON',
      'ra start',
      () => ({ env: { UPKI_RA_EAB_FILE: join(folderWith('eab.json', '{'), 'eab.json') } }),
      /UPKI_RA_EAB_FILE is/,
    ],
    [
      'external accounts whose file, named in upki.yml, is not there',
      'ra start',
      () => yml('ra_eab_file: /absent/eab.json'),
      /UPKI_RA_EAB_FILE is "\/absent\/eab\.json": .*no such file.*\(UPKI_RA_EAB_FILE is from \/.*upki\.yml\)/,
    ],
    [
      'terms that are a folder',
      'ra start',
      () => ({ env: { UPKI_RA_TERMS: '/' } }),
      /UPKI_RA_TERMS is "\/": .*folder where a file/,
    ],
    [
      'a list of compromised keys that is not there',
      'ra start',
      () => ({ env: { UPKI_RA_COMPROMISED_KEYS_FILE: '/absent' } }),
      /UPKI_RA_COMPROMISED_KEYS_FILE is "\/absent"/,
    ],
    [
      'certificates of device makers that are none',
      'ra start',
      () => ({ env: { UPKI_RA_EST_TRUST_FILE: '/etc/passwd' } }),
      /UPKI_RA_EST_TRUST_FILE is "\/etc\/passwd": it has no certificate in PEM/,
    ],
    [
      'an address for metrics that this machine does not have',
      'start',
      () => ({ env: { UPKI_METRICS: '192.0.2.1:9100' } }),
      /this machine does not have the address 192\.0\.2\.1 for metrics; set UPKI_METRICS/,
    ],
    [
      'a default profile the CA does not have, with those it has',
      'start',
      () => ({ env: { UPKI_RA_PROFILE: 'nope' } }),
      /UPKI_RA_PROFILE is "nope": the CA has no such profile for ACME; it has .*server/,
    ],
  ])(
    'is told of %s: upki %s',
    async (_what, which, make, sentence) => {
      const { env = {}, args = ['-d', newFolder()] } = await make();
      expectSentence(await start(env, args, which), sentence);
    },
    60_000,
  );
});
