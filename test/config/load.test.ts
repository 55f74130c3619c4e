import { describe, expect, it } from 'vitest';
import { ConfigError, loadSettings, redacted, type Sources } from '../../src/config/index.js';

type Given = Partial<Sources> & { files?: Record<string, string>; open?: string[] };

function load({ files = {}, open = [], ...rest }: Given = {}) {
  const reader = {
    text: (path: string) => files[path] ?? null,
    isOpen: (path: string) => open.includes(path),
  };
  return loadSettings({ program: 'ra', env: {}, reader, ...rest });
}

function complaints(sources: Parameters<typeof load>[0]): string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints;
    throw error;
  }
  return [];
}

describe('a setting is taken from', () => {
  const file = '/d/config.json';
  const files = { [file]: '{"port": 8300, "va_http_port": 8080}' };
  const env = { UPKI_RA_PORT: '8200' };

  it('the command line first', () => {
    expect(load({ flags: { raPort: '8100' }, env, file, files }).settings.raPort).toBe(8100);
  });
  it('the environment second', () => {
    expect(load({ env, file, files }).settings.raPort).toBe(8200);
  });
  it("the program's own file third", () => {
    const { settings } = load({ file, files });
    expect(settings.raPort).toBe(8300);
    expect(settings.validationHttpPort).toBe(8080);
  });
  it('the default last', () => {
    expect(load({ file }).settings.raPort).toBe(8000);
  });
  it('the next source when the variable is empty, as compose files leave it', () => {
    expect(load({ env: { UPKI_RA_PORT: '' } }).settings.raPort).toBe(8000);
  });
  it('the YAML file of the Python CA under its own names', () => {
    const { settings } = load({
      program: 'ca',
      file: '/d/ca.config.yml',
      files: { '/d/ca.config.yml': 'host: 127.0.0.2\nport: 5100\nseed: abc\ncrl_validity: 3\n' },
    });
    expect(settings).toMatchObject({
      caHost: [{ host: '127.0.0.2', port: null }],
      caPort: 5100,
      caSeed: 'abc',
      crlValidity: 3 * 86_400_000,
    });
  });
  it('nothing but what its program reads', () => {
    expect(load({ program: 'ca', env: { UPKI_RA_PORT: 'wrong for the RA only' } }).settings.raPort).toBe(
      8000,
    );
  });
  it('a source that is remembered as given', () => {
    const { given } = load({ env });
    expect([...given]).toEqual([['raPort', 'the environment']]);
  });
});

describe('a wrong value is refused with its name, the value and the allowed values:', () => {
  it.each([
    ['UPKI_RA_PORT', '80a', 'a port from 0 to 65535'],
    ['UPKI_RA_PORT', '65536', 'a port from 0 to 65535'],
    ['UPKI_RA_PORT', '-1', 'a port from 0 to 65535'],
    ['UPKI_RA_TLS', 'maybe', 'true or false'],
    ['UPKI_ZMQ_MODE', 'Curve', 'curve or clear'],
    ['UPKI_LOG_LEVEL', 'loud', 'one of trace, debug'],
    ['UPKI_RA_CHALLENGE_HOLD', '250', 'a duration from 0ms to 10s'],
    ['UPKI_RA_CHALLENGE_HOLD', '11s', 'a duration from 0ms to 10s'],
    ['UPKI_RA_URL', 'http://pki.example', 'an https URL without path'],
    ['UPKI_RA_URL', 'https://pki.example/acme', 'it has a path'],
    ['UPKI_RA_URL', 'https://me:secret@pki.example', 'it holds a user or password'],
    ['UPKI_RA_URL', 'pki.example', 'it is not a URL'],
    ['UPKI_VA_RESOLVERS', '10.0.0.1,dns.example:53', '"dns.example:53" is not an IP address'],
    ['UPKI_VA_RESOLVERS', '10.0.0.1:0', 'is not an IP address'],
    ['UPKI_VA_RESOLVERS', '[::1', 'is not an IP address'],
    ['UPKI_VA_DENY', '10.0.0.0/33', '"10.0.0.0/33" is not a CIDR'],
    ['UPKI_VA_DENY', 'example.com', 'is not a CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', 'proxy.example', '"proxy.example" is not NAME@CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', '@10.0.0.0/8', 'is not NAME@CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', 'a@10.0.0.0/33', 'is not NAME@CIDR'],
    ['UPKI_RA_PROXY_HEADER', 'X-Client-Cert', 'Client-Cert or X-SSL-CLIENT-CERT'],
    ['UPKI_RA_SANS', 'ok.example, not ok', '"not ok" is not a host name'],
    ['UPKI_CA_HOST', 'ca1,ca 2', '"ca 2" is not a host name'],
    ['UPKI_CA_HOST', 'ca1:0', '"ca1:0" is not a host name'],
    ['UPKI_CA_HOST', '[ca1]:5000', 'is not a host name'],
    ['UPKI_RA_CN', 'a..b', 'a DNS name'],
    ['UPKI_RA_CN', '10.0.0.1', 'a DNS name'],
    ['UPKI_RA_TERMS_CHANGED', '2026-13-01', 'a date or time'],
    ['UPKI_RA_TERMS_CHANGED', '2026-02-30', 'a date or time'],
  ])('%s=%s', (name, value, allowed) => {
    const [complaint, ...others] = complaints({ env: { [name]: value } });
    expect(others).toEqual([]);
    expect(complaint).toContain(`${name} is "${value}"`);
    expect(complaint).toContain(allowed);
  });

  it('all of them at once, so that one start reports every fault', () => {
    expect(complaints({ env: { UPKI_RA_PORT: 'x', UPKI_RA_TLS: 'x' } })).toHaveLength(2);
  });
  it('a file that is no configuration', () => {
    expect(complaints({ file: 'f', files: { f: '{"port": ' } })[0]).toMatch(/^f cannot be read/);
    expect(complaints({ file: 'f', files: { f: '[1]' } })[0]).toBe('f must hold names and values');
    expect(complaints({ file: 'f', files: { f: '{"port": {}}' } })[0]).toMatch(/^port in f must be a text/);
  });
  it('a value in a file, by the name it has there', () => {
    expect(complaints({ file: 'f', files: { f: 'port: x' } })[0]).toContain('port in f is "x"');
  });
});

describe('what a person writes is understood:', () => {
  it.each([
    ['yes', true],
    ['1', true],
    ['ON', true],
    ['no', false],
    ['0', false],
    ['False', false],
  ])('boolean %s', (value, meant) => {
    expect(load({ env: { UPKI_RA_TLS: value } }).settings.raTls).toBe(meant);
  });
  it.each([
    ['0ms', 0],
    ['1s', 1000],
    ['250ms', 250],
  ])('duration %s', (value, meant) => {
    expect(load({ env: { UPKI_RA_CHALLENGE_HOLD: value } }).settings.challengeHold).toBe(meant);
  });
  it('resolvers with and without port, in both families', () => {
    const env = { UPKI_VA_RESOLVERS: '10.0.0.53, 10.0.0.54:5353, fd00::53, [fd00::54]:5353,' };
    expect(load({ env }).settings.resolvers).toEqual([
      { host: '10.0.0.53', port: 53 },
      { host: '10.0.0.54', port: 5353 },
      { host: 'fd00::53', port: 53 },
      { host: 'fd00::54', port: 5353 },
    ]);
  });
  it('names in any case, stored in lower case', () => {
    expect(load({ env: { UPKI_RA_SANS: 'PKI.Example,10.0.0.1' } }).settings.raSans).toEqual([
      'pki.example',
      '10.0.0.1',
    ]);
  });
  it('a list of a file', () => {
    const files = { f: 'sans: [a.example, b.example]' };
    expect(load({ file: 'f', files }).settings.raSans).toEqual(['a.example', 'b.example']);
  });
});

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

describe('a name we do not know is warned about', () => {
  it('with the nearest known one', () => {
    expect(load({ env: { UPKI_RA_PROT: '1' } }).warnings).toEqual([
      'UPKI_RA_PROT is not a variable of uPKI and was ignored; did you mean UPKI_RA_PORT?',
    ]);
  });
  it('without a guess when none is near', () => {
    expect(load({ env: { UPKI_COFFEE_MACHINE_TEMPERATURE: '1' } }).warnings[0]).not.toContain('did you mean');
  });
  it('in a file too', () => {
    const { warnings } = load({ file: 'f', files: { f: 'prot: 1' } });
    expect(warnings[0]).toBe('prot in f is not a setting and was ignored; did you mean port?');
  });
  it('but not when it belongs to the other program', () => {
    expect(load({ program: 'ca', env: { UPKI_RA_PORT: '8000' } }).warnings).toEqual([]);
  });
});

describe('upki.yml, the file of both programs,', () => {
  const shared = '/d/upki.yml';
  const of = (text: string, rest: Given = {}) => ({ shared, files: { [shared]: text }, ...rest });

  it('has every setting under its variable’s name, alone or in a group, for either program', () => {
    const text =
      'log_level: debug\nra:\n  url: https://pki.example.test\n  allow: [example.test, 10.0.0.0/8]\nca_crl_validity: 3d\n';
    const { settings, given } = load(of(text));
    expect(settings).toMatchObject({ logLevel: 'debug', raUrl: 'https://pki.example.test' });
    expect(settings.allowedNames).toEqual(['example.test', '10.0.0.0/8']);
    expect(given.get('raUrl')).toBe(shared);
    expect(load({ ...of(text), program: 'ca' }).settings.crlValidity).toBe(3 * 86_400_000);
  });
  it.each([
    ['ca_token_pin: 001234', 'caTokenPin', '001234'],
    ['ca: { seed: 12345678901234567890123456 }', 'caSeed', '12345678901234567890123456'],
    ['ca_passphrase: 1.10', 'caPassphrase', '1.10'],
    ['{"ca_company": 1e3}', 'caCompany', '1e3'],
    ['ca_company: 0x10', 'caCompany', '0x10'],
    ['ca_company: ~', 'caCompany', 'uPKI'],
    ['ca_admins_by_ra: False', 'caAdminsByRa', false],
  ] as const)('is read as it is written, not as a number of YAML: %s', (text, name, value) => {
    expect(load({ ...of(text), program: 'ca' }).settings[name]).toBe(value);
  });
  it('is overridden by the environment, and overrides the program’s own file', () => {
    const files = { [shared]: 'ra_port: 8200', '/d/config.json': '{"port": 8300, "http_port": 8301}' };
    const both = { shared, file: '/d/config.json', files };
    expect(load(both).settings).toMatchObject({ raPort: 8200, raHttpPort: 8301 });
    expect(load({ ...both, env: { UPKI_RA_PORT: '8100' } }).settings.raPort).toBe(8100);
  });
  it.each([
    ['ra_prot: 8000', 'ra_prot in /d/upki.yml is not a setting; did you mean ra_port?'],
    ['ra: { alow: [a.test] }', 'ra_alow in /d/upki.yml is not a setting; did you mean ra_allow?'],
    ['port: 8000', 'port in /d/upki.yml is not a setting'],
    ['UPKI_RA_PORT: 8000', 'UPKI_RA_PORT in /d/upki.yml is not a setting'],
    ['ra_port: 1\nra: { port: 2 }', 'ra_port stands twice in /d/upki.yml'],
    ['ra: { sub: { port: 2 } }', 'ra_sub in /d/upki.yml must be a text'],
    ['ra_port: x', 'ra_port in /d/upki.yml is "x": it must be a port'],
    ['- a', '/d/upki.yml must hold names and values'],
    ['a: [', '/d/upki.yml cannot be read'],
  ])('with %j is refused: a slip in a rule may open a door', (text, complaint) => {
    expect(complaints(of(text)).join('\n')).toContain(complaint);
    // The other program is no reason to pass over it.
    if (complaint.includes('not a setting'))
      expect(complaints({ ...of(text), program: 'ca' })).toHaveLength(1);
  });
  it('with a secret is refused while everybody may read it, and the secret is not quoted', () => {
    const text = 'ca_passphrase: hunter2hunter2';
    const [complaint = '', ...more] = complaints({ ...of(text, { open: [shared] }), program: 'ca' });
    expect(more).toEqual([]);
    expect(complaint).toMatch(/^ca_passphrase in \/d\/upki.yml is a secret.*chmod 600 \/d\/upki.yml/);
    expect(complaint).not.toContain('hunter2');
    expect(load({ ...of(text), program: 'ca' }).settings.caPassphrase).toBe('hunter2hunter2');
  });
  it('may name the file of a secret, and a database without a password is none', () => {
    const files = {
      [shared]: 'ca: { passphrase_file: /run/p }\ndatabase_url: sqlite:/d/a.db',
      '/run/p': 'hunter2hunter2\n',
    };
    const open = [shared];
    expect(load({ shared, files, open, program: 'ca' }).settings.caPassphrase).toBe('hunter2hunter2');
    expect(load({ shared, files, open }).settings.databaseUrl).toBe('sqlite:/d/a.db');
    const password = { [shared]: 'database_url: postgres://u:geheim@db/x' };
    expect(complaints({ shared, files: password, open })[0]).toContain(
      'database_url in /d/upki.yml is a secret',
    );
    expect(
      load({ shared, files: { [shared]: 'database_url: postgres://u@db/x' }, open }).settings.databaseUrl,
    ).toBe('postgres://u@db/x');
  });
  it('is refused when it is named but missing', () => {
    expect(complaints({ shared: '/x.yml', env: { UPKI_CONFIG: '/x.yml' } })).toEqual([
      'UPKI_CONFIG is "/x.yml": there is no such file',
    ]);
    expect(complaints({ shared: '/x.yml' })).toEqual([]);
  });
});

describe('what older versions took', () => {
  it('is accepted under its former name, with a warning that contains the new one', () => {
    const { settings, warnings } = load({ env: { UPKI_RA_TERMS_URL: 'https://legal.example/' } });
    expect(settings.terms).toBe('https://legal.example/');
    expect(warnings).toEqual(['UPKI_RA_TERMS_URL is UPKI_RA_TERMS now: rename it']);
    const file = 'f';
    expect(load({ file, files: { f: '{"terms_file": "/t"}' } }).settings.terms).toBe('/t');
  });
  it('causes a warning with advice when the setting was removed', () => {
    expect(load({ env: { UPKI_RA_TERMS_REQUIRED: 'false' } }).warnings).toEqual([
      expect.stringMatching(/^UPKI_RA_TERMS_REQUIRED is no longer a setting and was ignored: /),
    ]);
  });
  it('may still be a number of days', () => {
    const validity = (text: string) =>
      load({ program: 'ca', env: { UPKI_CA_CRL_VALIDITY: text } }).settings.crlValidity;
    expect([validity('3'), validity('3d'), validity('36h')]).toEqual(
      [3, 3, 1.5].map((days) => days * 86_400_000),
    );
    for (const wrong of ['0', '366', '1h', '400d', '3 d', '-3'])
      expect(() => validity(wrong)).toThrow('UPKI_CA_CRL_VALIDITY');
  });
});
