import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/index.js';
import {
  acmeSettingsOf,
  compromisedKeysOf,
  parseCompromisedKeys,
  policyOf,
} from '../../../src/programs/ra/policy.js';
import { loadProgramSettings } from '../../../src/programs/settings.js';
import { DEFAULT_POLICY } from '../../../src/ra/policy.js';
import { newFolder } from '../../../tools/kit/folder.js';

const TERMS = 'https://pki.example/acme/terms';
const settings = (env: NodeJS.ProcessEnv = {}) =>
  loadProgramSettings('ra', { UPKI_DATA_DIR: '/nowhere', ...env }).settings;

function file(content: string): string {
  const path = join(newFolder(), 'file');
  writeFileSync(path, content);
  return path;
}

describe('the policy', () => {
  it('is the default one without settings', () => {
    expect(policyOf(settings(), TERMS)).toEqual(DEFAULT_POLICY);
  });
  it('asks accounts to agree again after the terms changed (RFC 8555 §7.3.3)', () => {
    const { termsChanged } = policyOf(settings({ UPKI_RA_TERMS_CHANGED: '2026-03-01' }), TERMS);
    expect(termsChanged).toEqual({ at: Date.UTC(2026, 2, 1), instance: TERMS });
  });
});

describe('the ACME front end', () => {
  it('serves the terms of a file (RFC 8555 §7.1.1)', () => {
    const { terms } = acmeSettingsOf(settings({ UPKI_RA_TERMS: file('be nice') }));
    expect(terms).toEqual({ text: 'be nice' });
  });
  it('points to terms that are elsewhere', () => {
    const { terms } = acmeSettingsOf(settings({ UPKI_RA_TERMS: 'https://legal.example/' }));
    expect(terms).toEqual({ url: 'https://legal.example/' });
  });
  it('knows the external accounts of a file (RFC 8555 §7.3.4)', () => {
    const key = Buffer.alloc(32, 7);
    const path = file(JSON.stringify({ 'kid-1': key.toString('base64url') }));
    const { externalAccounts } = acmeSettingsOf(
      settings({ UPKI_RA_EAB_FILE: path, UPKI_RA_EAB_REQUIRED: 'true' }),
    );
    expect(externalAccounts.required).toBe(true);
    expect(externalAccounts.keys.get('kid-1')?.equals(key)).toBe(true);
  });
  it.each([
    'UPKI_RA_EAB_FILE',
    'UPKI_RA_TERMS',
  ])('refuses a %s that is not there, by its name', (variable) => {
    expect(() => acmeSettingsOf(settings({ [variable]: '/nowhere/file' }))).toThrow(ConfigError);
    expect(() => acmeSettingsOf(settings({ [variable]: '/nowhere/file' }))).toThrow(
      `${variable} is "/nowhere/file"`,
    );
  });
});

describe('the list of compromised keys', () => {
  const fingerprint = 'ab'.repeat(32);
  it('holds the keys of its file and no other', () => {
    const path = file(`# found in a firmware\n\n${fingerprint.toUpperCase()}\n`);
    const isCompromised = compromisedKeysOf(settings({ UPKI_RA_COMPROMISED_KEYS_FILE: path }));
    expect(isCompromised(Buffer.from(fingerprint, 'hex').toString('base64url'))).toBe(true);
    expect(isCompromised(Buffer.alloc(32).toString('base64url'))).toBe(false);
  });
  it('names the line that is wrong', () => {
    expect(() => parseCompromisedKeys(`${fingerprint}\nnothing\n`)).toThrow(
      'line 2 must be a SHA-256 in hex',
    );
  });
  it('is empty when there is none', () => {
    expect(compromisedKeysOf(settings())('x')).toBe(false);
  });
});
