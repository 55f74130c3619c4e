import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Root } from '../../pages/roots.js';

/** The outcome of a step, for one store. */
export interface Outcome {
  store: string;
  /** SHA-256 of the root, hex. */
  root: string;
  /** `present`: the store already has the root; `absent`: it does not; `elsewhere`: the user must do it, see `detail`. */
  state: 'installed' | 'removed' | 'present' | 'absent' | 'elsewhere' | 'failed';
  /** An explanation, or the command to run by hand. */
  detail?: string;
}

/** A trust store of this machine. */
export interface TrustStore {
  /** Name for the operator. */
  name: string;
  /** Value for `--only`. */
  kind: 'system' | 'nss' | 'java';
  /** Whether the store trusts the root, whoever added it. */
  has(root: Root): Promise<boolean>;
  /** Adds the root; called only if it is absent. @throws StoreTrouble */
  add(root: Root): Promise<void>;
  /**
   * Removes only the entry of `add`, found by its name. False when there was none.
   * @throws StoreTrouble
   */
  remove(root: Root): Promise<boolean>;
}

/** A store could not be changed. The message has the reason and, if there is one, a command that works. */
export class StoreTrouble extends Error {
  override readonly name = 'StoreTrouble';
  constructor(
    message: string,
    /** Whether it needs another user or a missing package. */
    readonly elsewhere = false,
  ) {
    super(message);
  }
}

/** The name of our entry in every store; the RA's landing page uses the same name. */
export const entryName = ({ sha256 }: Pick<Root, 'sha256'>): string =>
  `upki-${sha256.slice(0, 8).toLowerCase()}`;

interface Ran {
  code: number;
  stdout: Buffer;
  stderr: string;
}

const LIMIT = 60_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

/** Runs a program of this machine, with English messages. */
export function runProgram(program: string, args: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: LIMIT,
      maxBuffer: MOST_OUTPUT,
      encoding: 'buffer' as const,
      env: { ...process.env, LC_ALL: 'C' },
    };
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code !== 'number')
        reject(new StoreTrouble(`${program} cannot be run: ${error?.message ?? ''}`));
      else resolve({ code, stdout, stderr: stderr.toString('utf8').trim() });
    });
  });
}

/** @throws StoreTrouble with the program's output */
export async function mustRun(program: string, args: string[]): Promise<Buffer> {
  const { code, stdout, stderr } = await runProgram(program, args);
  if (code === 0) return stdout;
  const said = (stderr || stdout.toString('utf8')).trim().split('\n').slice(-3).join(' ');
  throw new StoreTrouble(`${program} ${args[0] ?? ''} ended with ${code}: ${said}`);
}

/** Path of a program, or null. Also searches the sbin folders, which Debian leaves out of a user's PATH. */
export function programOnPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** Runs work with the root in a temporary file, for programs that read only files. */
export async function withFile<T>(root: Root, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'upki-trust-'));
  try {
    const path = join(folder, 'root.crt');
    await writeFile(path, root.pem);
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
