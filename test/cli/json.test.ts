import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { run, upki } from '../../src/cli/program.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build } from './run.js';

/** Every command with `--json`, by its words below `upki`. */
const withJson = commandsBelow(await upki(undefined), '').filter(([, command]) =>
  command.options.some(({ long }) => long === '--json'),
);

function commandsBelow(command: Command, above: string): [words: string, command: Command][] {
  return command.commands.flatMap((each) => {
    const words = `${above} ${each.name()}`.trim();
    return [[words, each] as [string, Command], ...commandsBelow(each, words)];
  });
}

let running: RunningUpki;
let dir = '';
/** What the rows below name: made once. */
const made = { serial: '', account: '', root: '', backup: '', keys: '' };
const folder = newFolder();

interface Outcome {
  code: string | number | undefined;
  stdout: string;
  stderr: string;
}

/** Runs a command in this process; it would take a second as a program of its own. */
async function told(...words: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: 0, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      outcome[name] += chunk;
      return true;
    });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await run(words);
    return { ...outcome, code: process.exitCode };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

beforeAll(async () => {
  build();
  dir = newFolder();
  running = await startUpki({ dataDir: dir });
  for (const [name, value] of Object.entries({
    // No trust store of this machine is found, or changed.
    ...{ HOME: folder, PATH: '', JAVA_HOME: folder },
    ...{ UPKI_CA_PORT: running.ports.ca, UPKI_CA_REGISTRATION_PORT: running.ports.registration },
    ...{ UPKI_RA_PORT: running.ports.ra, UPKI_RA_HTTP_PORT: running.ports.http },
    UPKI_RA_HOST: '127.0.0.1',
  }))
    vi.stubEnv(name, String(value));
  const client = new AcmeClient({ directoryUrl: running.directoryUrl, ca: running.rootPem });
  await client.newAccount();
  client.close();
  made.account = client.accountUrl?.split('/').at(-1) ?? '';
  await told('admin', 'add', 'alice', '-d', dir, '--out', join(folder, 'alice'));
  const [own] = JSON.parse((await told('cert', 'list', '--profile', 'admin', '--json', '-d', dir)).stdout);
  made.serial = own.serial;
  made.root = running.rootPath;
  made.backup = join(folder, 'backup');
  await told('backup', made.backup, '--plain', '-d', dir);
  made.keys = join(folder, 'keys');
  writeFileSync(made.keys, `${'0'.repeat(64)}\n`);
}, 120_000);
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await running.stop();
});

/** What each command is given beside `--json -d DIRECTORY`, in an order that works. */
const GIVEN: Record<string, () => string[]> = {
  'ra list': () => [],
  'ca status': () => [],
  'admin list': () => [],
  'backup verify': () => [made.backup],
  'audit verify': () => [],
  config: () => [],
  clients: () => [],
  health: () => [],
  'cert list': () => [],
  'cert show': () => [made.serial],
  'cert export': () => [made.serial],
  'cert hold': () => [made.serial, '--yes'],
  'cert unhold': () => [made.serial, '--yes'],
  'cert revoke': () => [made.serial, '--yes'],
  'account list': () => [],
  'account show': () => [made.account],
  'account stop': () => [made.account, '--yes'],
  'node add': () => ['press', '--names', 'press.plant.lan'],
  'node list': () => [],
  'node show': () => ['press'],
  'node change': () => ['press', '--comment', 'x'],
  'node remove': () => ['press', '--yes'],
  'node dns-record': () => ['app.plant.lan', '-a', '0193f2c4b5'],
  check: () => ['app.localhost'],
  failures: () => [],
  status: () => [],
  'rules list': () => [],
  'rules set': () => ['UPKI_RA_LIMIT_ORDERS=5000'],
  'rules unset': () => ['UPKI_RA_LIMIT_ORDERS'],
  'rules compromised': () => [made.keys],
  reload: () => [],
  'trust check': () => ['--file', made.root],
  'trust install': () => ['--file', made.root, '--only', 'nss'],
  'trust remove': () => ['--file', made.root, '--only', 'nss'],
  'store check': () => [],
  'store prune': () => ['--dry-run'],
};

/** Those whose answer is no here: the name has no server, and the machine has no store. */
const NO = ['check', 'trust check', 'trust install', 'trust remove'];

/** What is said to be absent of those that read no data directory. */
const REFUSED: Record<string, () => string[]> = {
  'backup verify': () => [join(folder, 'absent')],
  'trust check': () => ['--file', join(folder, 'absent')],
  'trust install': () => ['--file', join(folder, 'absent')],
  'trust remove': () => ['--file', join(folder, 'absent')],
};

const place = (command: Command, directory: string) =>
  command.options.some(({ long }) => long === '--dir') ? ['-d', directory] : [];

it('the table has every command that has --json', () => {
  expect(Object.keys(GIVEN).toSorted()).toEqual(withJson.map(([words]) => words).toSorted());
});

describe('--json prints one JSON document and nothing else on standard output', () => {
  it.each(Object.keys(GIVEN))('upki %s', async (words) => {
    const command = withJson.find(([each]) => each === words)?.[1] as Command;
    const { code, stdout, stderr } = await told(
      ...[...words.split(' '), ...(GIVEN[words]?.() ?? []), '--json', ...place(command, dir)],
    );
    // What is underway is told on standard error.
    const progress = words === 'backup verify' ? expect.stringMatching(/^uPKI: a backup of [^\n]+\n$/) : '';
    expect({ code, stderr }).toEqual({ code: NO.includes(words) ? 1 : 0, stderr: progress });
    expect(typeof JSON.parse(stdout)).toBe('object');
    expect(stdout.endsWith('\n')).toBe(true);
  });
});

describe('a refusal is a sentence on standard error, without output for a program that reads JSON', () => {
  const refusable = withJson.filter(([words]) => words !== 'config');

  it.each(refusable)('upki %s ends with 78 where there is no uPKI', async (words, command) => {
    const empty = join(folder, 'empty');
    mkdirSync(empty, { recursive: true });
    const given = REFUSED[words]?.() ?? GIVEN[words]?.() ?? [];
    const outcome = await told(...words.split(' '), ...given, '--json', ...place(command, empty));
    expect(outcome).toEqual({ code: 78, stdout: '', stderr: expect.stringMatching(/^uPKI: [^\n]+\n$/) });
  });

  it.each([
    ['cert show', ['00']],
    ['account show', ['00']],
    ['node show', ['nobody']],
    ['node remove', ['nobody', '--yes']],
    ['rules set', ['UPKI_RA_LIMIT_ORDERS=many']],
  ])('upki %s %j ends with 1 when the RA refuses', async (words, given) => {
    const outcome = await told(...words.split(' '), ...given, '--json', '-d', dir);
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^uPKI: [^\n]+\n$/) });
  });

  it.each(withJson)('upki %s ends with 2 for an unknown option', async (words) => {
    const { code, stdout, stderr } = await told(...words.split(' '), '--json', '--nothing');
    const sentence = expect.stringMatching(/^error: (unknown|required) option [^\n]+\n$/);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: sentence });
  });
});
