import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { type Outcome, outcomeOf } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';

/** The installed shells of small machines, without duplicates; the system's own shell is the first. */
export const SHELLS: readonly { name: string; words: string[] }[] = shellsHere().map((words) => ({
  name: words.join(' '),
  words,
}));

function shellsHere(): string[][] {
  const binaries = new Set<string>();
  return [['sh'], ['dash'], ['busybox', 'sh']].filter(([program = '', ...args]) => {
    if (spawnSync(program, [...args, '-c', ':']).status !== 0) return false;
    const path = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
    const binary = realpathSync(path);
    return binaries.size < binaries.add(binary).size;
  });
}

export interface ShellOptions {
  cwd: string;
  stdin?: string;
  env?: Record<string, string>;
}

/** Runs a shell with an environment of only PATH, HOME and `env`. */
export function runShell(
  [program = '', ...first]: readonly string[],
  args: readonly string[],
  { cwd, stdin = '', env = {} }: ShellOptions,
): Promise<Outcome> {
  const { PATH = '' } = process.env;
  return outcomeOf(program, [...first, ...args], {
    cwd,
    env: { PATH, HOME: cwd, ...env },
    input: stdin,
  });
}

/** Runs `use` in an empty folder that is deleted afterwards. */
export async function inFolder<T>(
  use: (folder: string, files: () => Promise<string[]>) => Promise<T>,
): Promise<T> {
  const folder = newFolder();
  try {
    return await use(folder, async () => (await readdir(folder)).sort());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
