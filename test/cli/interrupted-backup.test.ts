import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { until } from '../../tools/kit/until.js';
import { UPKI } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

const dataDir = newFolder();
const backup = join(newFolder(), 'upki.tar');

beforeAll(async () => {
  build();
  await upki(['ca', 'init', '-d', dataDir]);
  expect(await upki(['backup', backup, '--plain', '-d', dataDir])).toMatchObject({ code: 0 });
}, 180_000);

/** Runs a command whose input and output nobody serves, so that it waits in its middle. */
function held(...args: string[]): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: newFolder() };
  return spawn(process.execPath, [UPKI, ...args], { env, stdio: ['pipe', 'pipe', 'ignore'] });
}

/** The temporary folders and drafts in a folder. */
const drafts = (folder: string) =>
  readdirSync(folder).filter((name) => /^\.(backup|restore)-|^upki-verify-|\.partial$/.test(name));

async function interrupted(command: ChildProcess, folder: string, signal: NodeJS.Signals): Promise<void> {
  await until(30_000, async () => expect(drafts(folder)).not.toEqual([]));
  const ended = once(command, 'exit');
  command.kill(signal);
  expect([await ended, drafts(folder)]).toEqual([[null, signal], []]);
}

it.each([
  'SIGINT',
  'SIGTERM',
] as const)('a backup that %s ends leaves no copy of the databases', async (signal) => {
  await interrupted(held('backup', '-', '--plain', '-d', dataDir), dataDir, signal);
}, 60_000);

it.each(['SIGINT', 'SIGHUP'] as const)('a verification that %s ends leaves no keys', async (signal) => {
  const temporary = newFolder();
  const command = held('backup', 'verify', '-', '--temporary', temporary);
  command.stdin?.write(readFileSync(backup).subarray(0, 20_000));
  await interrupted(command, temporary, signal);
}, 60_000);

it('a restore that SIGTERM ends leaves nothing', async () => {
  const target = newFolder();
  const command = held('restore', '-', '-d', target);
  command.stdin?.write(readFileSync(backup).subarray(0, 20_000));
  await interrupted(command, target, 'SIGTERM');
}, 60_000);
