import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import type { Outcome } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

/** Free ports, so that these starts fail for their own reason only. */
export const PORTS = {
  UPKI_CA_PORT: '0',
  UPKI_CA_REGISTRATION_PORT: '0',
  UPKI_RA_PORT: '0',
  UPKI_RA_HTTP_PORT: '0',
  UPKI_RA_HOST: '127.0.0.1',
};

export type Start = 'start' | 'ca start' | 'ra start';

/** Ends a start that does not end by itself, which is then seen by its missing code. */
export const start = (env: NodeJS.ProcessEnv, args: string[] = [], which: Start = 'start') =>
  upki([...which.split(' '), ...args], { ...PORTS, ...env }, 60_000);

export function expectSentence({ code, stderr, stdout }: Outcome, sentence: RegExp, wanted = 78): void {
  expect({ code, stderr }).toMatchObject({ code: wanted, stderr: expect.stringMatching(sentence) });
  expect(stderr).not.toMatch(/^ {4}at /m);
  // No file is named twice (`is "/p": /p: …`), and no error is left in the system's words.
  expect(stderr).not.toMatch(/"(\/[^"]+)": \1\b/);
  expect(stderr).not.toMatch(/\bE[A-Z]{4,}: /);
  expect(stderr).not.toContain('starting it again');
  expect(stdout).not.toContain('is ready');
}

/** A folder with a file in it. */
export function folderWith(name: string, content: string): string {
  const folder = newFolder();
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), content);
  return folder;
}

export interface Trouble {
  env?: NodeJS.ProcessEnv;
  args?: string[];
}

export const yml = (content: string): Trouble => ({ args: ['-d', folderWith('upki.yml', content)] });
