import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../support/folder.js';
import { build, type Outcome, upki } from './run.js';

beforeAll(build, 120_000);

/** Free ports, so that these starts fail for their own reason only. */
const PORTS = {
  UPKI_CA_PORT: '0',
  UPKI_CA_REGISTRATION_PORT: '0',
  UPKI_RA_PORT: '0',
  UPKI_RA_HTTP_PORT: '0',
  UPKI_RA_HOST: '127.0.0.1',
};

/** Ends a start that does not end by itself, which is then seen by its missing code. */
const start = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  upki(['start', ...args], { ...PORTS, ...env }, 40_000);

function expectSentence({ code, stderr }: Outcome, sentence: RegExp): void {
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringMatching(sentence) });
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(stderr).not.toContain('starting it again');
}

describe('what upki start cannot use ends it at once, with 78 and one sentence, without a stack and without restarts', () => {
  it('is told of a data directory that no program can make', async () => {
    expectSentence(await start({}, '-d', '/proc/x'), /\/proc\/x: there is no such file or folder/);
  });

  it('is told of a data directory below a file', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    expectSentence(await start({}, '-d', join(file, 'upki')), /file.*: a part of this path is a file/);
  });

  it('is told of a data directory that is a file', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    expectSentence(await start({}, '-d', file), /a part of this path is a file/);
  });

  it('is told of a default profile the CA does not have, with those it has', async () => {
    const outcome = await start({ UPKI_RA_PROFILE: 'nope' }, '-d', newFolder());
    expectSentence(
      outcome,
      /UPKI_RA_PROFILE is "nope": the CA has no such profile for ACME; it has .*server/,
    );
    expect(outcome.stdout).not.toContain('is ready');
  });

  it.each([
    'UPKI_RA_EAB_FILE',
    'UPKI_RA_TERMS',
    'UPKI_RA_COMPROMISED_KEYS_FILE',
  ])('is told of %s that is not there', async (variable) => {
    const path = join(newFolder(), 'absent');
    const outcome = await start({ [variable]: path }, '-d', newFolder());
    expectSentence(outcome, new RegExp(`${variable} is "${path}"`));
  });

  it.each([
    'UPKI_RA_EAB_FILE',
    'UPKI_RA_TERMS',
    'UPKI_RA_COMPROMISED_KEYS_FILE',
  ])('is told of %s that is a folder', async (variable) => {
    const path = join(newFolder(), 'folder');
    mkdirSync(path);
    const outcome = await start({ [variable]: path }, '-d', newFolder());
    expectSentence(outcome, new RegExp(`${variable} is "${path}".*folder where a file`));
  });

  it('is told of external accounts that are no JSON', async () => {
    const path = join(newFolder(), 'eab.json');
    writeFileSync(path, '{');
    expectSentence(await start({ UPKI_RA_EAB_FILE: path }, '-d', newFolder()), /UPKI_RA_EAB_FILE is/);
  });
});
