import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Root } from '../../pages/roots.js';

/** The outcome of a step, for one store. */
export interface Outcome {
  store: string;
  /** `present`: it was there, by us or by another; `absent`: it is not; `elsewhere`: somebody must do it, see `todo`. */
  state: 'installed' | 'removed' | 'present' | 'absent' | 'elsewhere' | 'failed';
  /** What to know, or the line to run by hand. */
  detail?: string;
}

/** A trust store of this machine. */
export interface TrustStore {
  /** As the operator knows it. */
  name: string;
  /** Word for `--only`. */
  kind: 'system' | 'nss' | 'java';
  /** Whether the root is trusted there, whoever put it. */
  has(root: Root): Promise<boolean>;
  /** Adds it; called only where it is absent. @throws StoreTrouble */
  add(root: Root): Promise<void>;
  /**
   * Removes what `add` added, under the same name, and nothing else. False: nothing of ours was there.
   * @throws StoreTrouble
   */
  remove(root: Root): Promise<boolean>;
}

/** A store could not be changed; the message says why and, where there is one, the line that does it. */
export class StoreTrouble extends Error {
  override readonly name = 'StoreTrouble';
  constructor(
    message: string,
    /** Requires another user, or a missing package. */
    readonly elsewhere = false,
  ) {
    super(message);
  }
}

/** The name our entry has in every store: the page of the RA prints lines with the same. */
export const entryName = ({ sha256 }: Pick<Root, 'sha256'>): string =>
  `upki-${sha256.slice(0, 8).toLowerCase()}`;

export interface Ran {
  code: number;
  stdout: Buffer;
  stderr: string;
}

const LIMIT = 60_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

/** Runs a program of this machine; its messages are in English. */
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

/** @throws StoreTrouble with what the program said */
export async function mustRun(program: string, args: string[]): Promise<Buffer> {
  const { code, stdout, stderr } = await runProgram(program, args);
  if (code === 0) return stdout;
  const said = (stderr || stdout.toString('utf8')).trim().split('\n').slice(-3).join(' ');
  throw new StoreTrouble(`${program} ${args[0] ?? ''} ended with ${code}: ${said}`);
}

/** Path of a program; null when there is none. Debian keeps those for root out of a user's PATH. */
export function programOnPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
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
