import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/index.js';
import { commonDirectory, loadProgramSettings } from '../../src/programs/settings.js';

const home = process.env.HOME ?? '';
const complaint = (program: 'ra' | 'ca', env: NodeJS.ProcessEnv) => {
  try {
    loadProgramSettings(program, { UPKI_DATA_DIR: '/nowhere', ...env });
    return null;
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error);
  }
};

describe('the data directory', () => {
  it('is ~/.upki for both together, and ~/.upki/ra and ~/.upki/ca alone', () => {
    expect(commonDirectory({})).toBe(join(home, '.upki'));
    expect(loadProgramSettings('ra', {}).settings.dataDir).toBe(join(home, '.upki', 'ra'));
    expect(loadProgramSettings('ca', {}).settings.dataDir).toBe(join(home, '.upki', 'ca'));
  });
  it('is UPKI_DATA_DIR itself for one program, as the Python programs have it', () => {
    expect(loadProgramSettings('ra', { UPKI_DATA_DIR: '/data' }).settings.dataDir).toBe('/data');
  });
  it('is absolute, so that a change of directory does not lose it', () => {
    expect(commonDirectory({}, 'here')).toBe(join(process.cwd(), 'here'));
  });
});

describe('the registration port', () => {
  it('is one above the port for operations', () => {
    expect(loadProgramSettings('ca', { UPKI_CA_PORT: '5100' }).settings.caRegistrationPort).toBe(5101);
  });
  it('is free to choose', () => {
    const env = { UPKI_CA_PORT: '5100', UPKI_CA_REGISTRATION_PORT: '6000' };
    expect(loadProgramSettings('ca', env).settings.caRegistrationPort).toBe(6000);
  });
});

describe('the port of the RA', () => {
  const port = (env: NodeJS.ProcessEnv) => loadProgramSettings('ra', env).settings.raPort;
  it('is the one UPKI_RA_URL names', () => {
    expect(port({ UPKI_RA_URL: 'https://pki.example.test:8443' })).toBe(8443);
  });
  it('is the one given beside UPKI_RA_URL, for something in between may lead there', () => {
    expect(port({ UPKI_RA_URL: 'https://pki.example.test:8443', UPKI_RA_PORT: '9000' })).toBe(9000);
  });
  it('stays its own where UPKI_RA_URL names none, or is the URL of a proxy that does TLS', () => {
    expect(port({ UPKI_RA_URL: 'https://pki.example.test' })).toBe(8000);
    expect(port({ UPKI_RA_URL: 'https://pki.example.test:8443', UPKI_RA_TLS: 'false' })).toBe(8000);
  });
});

const WORKERS = { UPKI_RA_WORKERS: '3', UPKI_DATABASE_URL: 'postgres://db/upki' };

describe('settings that contradict each other are refused:', () => {
  it.each([
    ['ca', { UPKI_CA_PORT: '65535' }, 'set UPKI_CA_REGISTRATION_PORT'],
    ['ca', { UPKI_CA_PORT: '5000', UPKI_CA_REGISTRATION_PORT: '5000' }, 'must differ from UPKI_CA_PORT'],
    ['ra', { UPKI_RA_PORT: '8000', UPKI_RA_HTTP_PORT: '8000' }, 'must differ from UPKI_RA_PORT'],
    ['ra', { UPKI_RA_PAGES_PORT: '8000' }, 'UPKI_RA_PAGES_PORT is 8000: it must differ from UPKI_RA_PORT'],
    ['ra', { UPKI_RA_PAGES_PORT: '8001' }, 'it must differ from UPKI_RA_HTTP_PORT'],
    [
      'ra',
      { UPKI_RA_PAGES_PORT: '443', UPKI_RA_TLS: 'no', UPKI_RA_URL: 'https://ra.test' },
      'UPKI_RA_PAGES_PORT needs UPKI_RA_TLS',
    ],
    ['ra', { UPKI_RA_TLS: 'false' }, 'UPKI_RA_URL must then say'],
    ['ca', { UPKI_CA_SEED: 'short' }, 'UPKI_CA_SEED has 5 characters'],
    ['ca', { UPKI_CA_HOST: 'ca1,ca2' }, 'UPKI_CA_HOST must be one host for a CA'],
    ['ca', { UPKI_CA_HOST: 'ca1:5100' }, 'UPKI_CA_HOST must be one host for a CA'],
    ['ra', { UPKI_CA_HOST: ',' }, 'UPKI_CA_HOST names no host'],
    ['ra', { UPKI_CA_HOST: 'ca1,ca2:65535' }, 'UPKI_CA_HOST has the port 65535'],
    [
      'ra',
      { UPKI_RA_WORKERS: '2' },
      '`upki store copy --from sqlite:/nowhere/acme.db --to postgres://USER:PASSWORD@HOST/DATABASE`',
    ],
    ['ra', { UPKI_RA_WORKERS: '2', UPKI_DATABASE_URL: 'sqlite:/a b' }, "--from 'sqlite:/a b' --to"],
    ['ra', { ...WORKERS, UPKI_ZMQ_MODE: 'clear' }, 'several workers need UPKI_ZMQ_MODE=curve'],
    ['ra', { ...WORKERS, UPKI_METRICS: '127.0.0.1:65534' }, 'UPKI_METRICS has the port 65534'],
  ] as const)('%s %o', (program, env, expected) => {
    expect(complaint(program, env)).toContain(expected);
  });
  it.each([
    ['ca', { UPKI_CA_SEED: 'short', UPKI_ZMQ_MODE: 'clear' }],
    ['ra', { UPKI_RA_TLS: 'false', UPKI_RA_URL: 'https://pki.example' }],
    ['ra', { UPKI_RA_PORT: '0', UPKI_RA_HTTP_PORT: '0' }],
    ['ra', { UPKI_RA_PAGES_PORT: '443' }],
    ['ra', { ...WORKERS, UPKI_METRICS: '127.0.0.1:65533' }],
    ['ra', { UPKI_RA_WORKERS: '1', UPKI_ZMQ_MODE: 'clear' }],
    ['ra', { UPKI_RA_PORT: '8000', UPKI_RA_HTTP_PORT: '8000', UPKI_RA_HTTP: 'no' }],
  ] as const)('but not %s %o', (program, env) => {
    expect(complaint(program, env)).toBeNull();
  });
});
