import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Program, SETTINGS } from '../../src/config/index.js';
import { sharedKey } from '../../src/config/setting.js';
import { outcomeOf } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { UPKI } from '../../tools/kit/upki.js';
import { upki } from './run.js';
import { expectSentence, folderWith, start, type Trouble, yml } from './starts.js';

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
});
