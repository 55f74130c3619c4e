import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configurationReference, environmentHelp, migrationReference } from '../../src/config/index.js';
import { SETTING_LIST } from '../../src/config/settings/index.js';

it('docs/configuration.md matches the table of settings (npm run docs writes it)', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationReference());
});

it('docs/migration.md explains the settings for the migration from the Python programs, and docs/configuration.md does not', () => {
  expect(readFileSync('docs/migration.md', 'utf8')).toContain(migrationReference());
  expect(migrationReference()).toContain('### UPKI_ZMQ_MODE');
  expect(configurationReference()).not.toMatch(/UPKI_ZMQ_MODE|Python/);
});

it('the help of both programs together names every setting', () => {
  const help = environmentHelp(['ra', 'ca']);
  for (const [, setting] of SETTING_LIST) expect(help).toContain(`  ${setting.env}`);
});

it("the help of one program leaves out the other's settings", () => {
  expect(environmentHelp(['ca'])).not.toContain('UPKI_RA_PORT');
});
