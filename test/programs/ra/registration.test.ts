import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { CaUnavailable } from '../../../src/model/ca.js';
import { CannotStart } from '../../../src/programs/exit.js';
import { certifiableNames } from '../../../src/programs/ra/certificate.js';
import { warnOfClear } from '../../../src/programs/ra/channel.js';
import { RaFiles } from '../../../src/programs/ra/files.js';
import { registerAtStart } from '../../../src/programs/ra/register-at-start.js';
import { registerRa } from '../../../src/programs/ra/registration.js';
import { loadProgramSettings } from '../../../src/programs/settings.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { PythonCaStandIn } from '../../python/fake-ca.js';
import { CaWorld, SEED } from '../../support/world/ca.js';

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const NAMES = ['ra.example.test', '10.0.0.1', 'localhost', '127.0.0.1', '::1'];

async function register(port: number, seed: string) {
  const files = new RaFiles(newFolder());
  const { settings } = loadProgramSettings('ra', {
    UPKI_DATA_DIR: files.directory,
    UPKI_ZMQ_MODE: 'clear',
    UPKI_CA_REGISTRATION_PORT: String(port),
    UPKI_CA_SEED: seed,
  });
  const warnings: string[] = [];
  const before = (await files.keys()).tls;
  const made = await registerRa(settings, files, NAMES, (sentence) => warnings.push(sentence));
  return { files, made, before, warnings };
}

describe('registering in clear mode', () => {
  it('with a Python CA uses the key that the CA makes, for the names it certifies, and logs this', async () => {
    const python = await new PythonCaStandIn().start();
    ending.push(() => python.close());
    const { files, made, before, warnings } = await register(python.registrationPort, python.seed);
    const { tls } = await files.keys();
    expect(tls).not.toBe(before);
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.publicKey.export({ type: 'spki', format: 'pem' })).toBe(
      new X509Certificate(readFileSync(files.path('certificate'))).publicKey.export({
        type: 'spki',
        format: 'pem',
      }),
    );
    expect(certificate.subjectAltName).toBe('DNS:ra.example.test, IP Address:10.0.0.1, IP Address:127.0.0.1');
    expect(statSync(files.path('tlsKey')).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([expect.stringContaining('sent it unencrypted')]);
    expect(python.tasks('register')).toHaveLength(1);
  });

  it('with a Python CA and a wrong seed reports the wrong seed, and keeps its own key', async () => {
    const python = await new PythonCaStandIn().start();
    ending.push(() => python.close());
    await expect(register(python.registrationPort, 'wrong')).rejects.toThrow('Invalid registration seed');
  });

  it('with our CA sends a CSR and keeps its own key', async () => {
    const ours = await new CaWorld({ mode: 'clear', publicUrl: null }).start();
    ending.push(() => ours.close());
    const { files, made, before, warnings } = await register(ours.running.registrationPort ?? 0, SEED);
    expect((await files.keys()).tls).toBe(before);
    expect(new X509Certificate(made.certificate).subjectAltName).toContain('DNS:localhost');
    expect(warnings).toEqual([]);
    expect(new X509Certificate(made.certificate).infoAccess).toContain('http://ra.example.test:8001/ocsp');
  });
});

describe('the names of the RA', () => {
  it('are all of them, but those a Python CA does not certify', async () => {
    expect(await certifiableNames(NAMES, async () => 'upki')).toEqual(NAMES);
    expect(await certifiableNames(NAMES, async () => 'python')).toEqual([
      'ra.example.test',
      '10.0.0.1',
      '127.0.0.1',
    ]);
    const away = async () => {
      throw new CaUnavailable('away');
    };
    expect(await certifiableNames(NAMES, away)).toEqual(NAMES);
  });
});

describe('clear mode to another machine', () => {
  it('is logged with a warning of what it exposes; on this machine it is not', () => {
    const warnings: string[] = [];
    const of = (...hosts: string[]) =>
      warnOfClear(
        hosts.map((host) => ({ host, port: null })),
        (sentence) => warnings.push(sentence),
      );
    of('127.0.0.1', '::1', 'localhost');
    expect(warnings).toEqual([]);
    of('127.0.0.1', '10.0.0.2', 'ca.example');
    expect(warnings).toEqual([
      expect.stringMatching(/^clear mode to 10\.0\.0\.2, ca\.example: .*the seed, and the private key/),
    ]);
  });
});

it('an RA that starts and finds no CA in time ends with the settings that lead to one, and not with the seed', async () => {
  const files = new RaFiles(newFolder());
  // Nothing listens at port 1 of this machine.
  const { settings } = loadProgramSettings('ra', {
    ...{ UPKI_DATA_DIR: files.directory, UPKI_CA_HOST: '127.0.0.1', UPKI_CA_REGISTRATION_PORT: '1' },
    ...{ UPKI_CA_SEED: SEED, UPKI_ZMQ_TIMEOUT: '1s' },
  });
  await files.keys();
  const sentence =
    /no CA takes the registration of this RA at 127\.0\.0\.1 .*UPKI_CA_HOST or UPKI_CA_REGISTRATION_PORT is wrong, or UPKI_CA_SEED/;
  const error = await registerAtStart(settings, files, NAMES, () => {}, 1).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CannotStart);
  expect(String(error)).toMatch(sentence);
  expect(String(error)).not.toContain(SEED);
});
