import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Outcome, outcomeOf } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { CHECKOUT, UPKI } from '../../tools/kit/upki.js';

/** Builds what `upki` runs from when it is older than its source, as `npm start` does. */
export function build(): void {
  execFileSync(process.execPath, [join(CHECKOUT, 'tools', 'prepare.mjs')], { stdio: 'inherit' });
}

/** Runs the `upki` command to its end, away from the user's own files; `killAfter` ends it with kill -9. */
export function upki(args: string[], env: NodeJS.ProcessEnv = {}, killAfter?: number): Promise<Outcome> {
  const { PATH = '' } = process.env;
  const options = { env: { PATH, HOME: newFolder(), ...env }, timeout: killAfter };
  return outcomeOf(process.execPath, [UPKI, ...args], options);
}
