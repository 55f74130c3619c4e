import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { newFolder } from '../../tools/kit/folder.js';
import { CHECKOUT } from '../../tools/kit/upki.js';

/** Builds what `upki` runs from when it is older than its source, as `npm start` does. */
export function build(): void {
  execFileSync(process.execPath, [join(CHECKOUT, 'tools', 'prepare.mjs')], { stdio: 'inherit' });
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the `upki` command to its end, away from the user's own files; `killAfter` ends it with kill -9. */
export function upki(args: string[], env: NodeJS.ProcessEnv = {}, killAfter?: number): Promise<Outcome> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [join(CHECKOUT, 'dist', 'cli', 'main.js'), ...args], {
    env: { PATH, HOME: newFolder(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(killAfter !== undefined && { timeout: killAfter, killSignal: 'SIGKILL' }),
  });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Resolves when its programs have ended too: they share its pipes.
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}
