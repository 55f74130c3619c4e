import { describe, expect, it } from 'vitest';
import { redacted } from '../../src/config/index.js';
import { complaints, load } from './harness.js';

describe('a secret', () => {
  it('is read from the file its _FILE variable names, without the line end', () => {
    const sources = { env: { UPKI_CA_SEED_FILE: '/s' }, files: { '/s': 'quiet\n' } };
    expect(load(sources).settings.caSeed).toBe('quiet');
  });
  it('whose file is missing is complained about', () => {
    expect(complaints({ env: { UPKI_CA_SEED_FILE: '/none' } })[0]).toContain('UPKI_CA_SEED_FILE is "/none"');
  });
  it('is never printed', () => {
    const { settings } = load({ env: { UPKI_CA_SEED: 'quiet' } });
    expect(JSON.stringify(redacted(settings, 'ra'))).not.toContain('quiet');
    expect(redacted(settings, 'ra').UPKI_CA_SEED).toBe('(secret)');
  });
  it('is not repeated in a complaint', () => {
    const [complaint] = complaints({ env: { UPKI_CA_SEED: 'two\nlines' } });
    expect(complaint).toContain('UPKI_CA_SEED');
    expect(complaint).not.toContain('two');
  });
  it('in a database URL of several hosts is not printed either, and every host is', () => {
    const url = 'postgres://upki:geheim@a:5432,b:5433/upki?target_session_attrs=read-write';
    const { settings } = load({ env: { UPKI_DATABASE_URL: url } });
    expect(settings.databaseUrl).toBe(url);
    expect(redacted(settings, 'ra')).toMatchObject({
      UPKI_DATABASE_URL: 'postgres://upki@a:5432,b:5433/upki',
    });
    for (const wrong of ['postgres://u@a,b:x/d', 'postgres://u@a,/d', 'postgres://u@a,b', `${url}x`])
      expect(() => load({ env: { UPKI_DATABASE_URL: wrong } })).toThrow(/UPKI_DATABASE_URL/);
  });

  it('in a database URL is neither printed nor repeated; the rest of the URL is printed', () => {
    const printed = (url: string) =>
      redacted(load({ env: { UPKI_DATABASE_URL: url } }).settings, 'ra').UPKI_DATABASE_URL;
    expect(printed('postgres://me:quiet@db:5433/upki?password=quiet')).toBe('postgres://me@db:5433/upki');
    expect(printed('postgresql://db/upki')).toBe('postgresql://db/upki');
    expect(printed('sqlite:/srv/acme.db')).toBe('sqlite:/srv/acme.db');
  });
  it.each([
    'mysql://me:quiet@db/upki',
    'postgres://me:quiet@db',
    'postgres:quiet',
    '/srv/quiet.db',
  ])('is not repeated when the database URL is wrong (%s)', (url) => {
    const [complaint] = complaints({ env: { UPKI_DATABASE_URL: url } });
    expect(complaint).toMatch(
      /^UPKI_DATABASE_URL is a value not shown here: it must be sqlite:PATH or postgres:/,
    );
    expect(complaint).not.toContain('quiet');
  });
});
