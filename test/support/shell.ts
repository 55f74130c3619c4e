import { spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { newFolder } from '../../tools/kit/folder.js';

/** The shells of small machines that are here, each once, the system's own first. */
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

export interface ShellOutcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ShellOptions {
  cwd: string;
  stdin?: string;
  env?: Record<string, string>;
}

/** Runs a shell with nothing of our environment but PATH. */
export function runShell(
  [program = '', ...first]: readonly string[],
  args: readonly string[],
  { cwd, stdin = '', env = {} }: ShellOptions,
): Promise<ShellOutcome> {
  const { PATH = '' } = process.env;
  const child = spawn(program, [...first, ...args], { cwd, env: { PATH, HOME: cwd, ...env } });
  const outcome: ShellOutcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
  });
  // It may end without reading all it was given.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}

/** Runs `use` in an empty folder that is gone afterwards. */
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
