import 'reflect-metadata';
import { KeyObject } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import {
  commonName,
  namesOfCertificate,
  requestFor,
  wantedNames,
  whyRenew,
} from '../../../src/programs/ra/certificate.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate for the names, `age` days into its 90, with its key. */
async function have(names: string[], age = 0) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await peculiar.X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0]}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(NOW - age * DAY),
    notAfter: new Date(NOW + (90 - age) * DAY),
    extensions: [
      new peculiar.SubjectAlternativeNameExtension(
        names.map((value) => ({
          type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
          value,
        })),
      ),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificate: certificate.toString('pem'), key };
}

describe("the RA's names", () => {
  it('are its own, the machine’s, the configured ones and loopback, each once', () => {
    expect(wantedNames('ra.example', ['ra.example', '10.0.0.1'], 'Box')).toEqual([
      'ra.example',
      'box',
      '10.0.0.1',
      'localhost',
      '127.0.0.1',
      '::1',
    ]);
  });
  it('are in canonical form, so that another spelling of an address is the same name', () => {
    expect(wantedNames('ra.example', ['fd00:0:0:0::01', 'fd00::1'], 'box')).toContain('fd00::1');
    expect(wantedNames('ra.example', ['fd00:0:0:0::01', 'fd00::1'], 'box')).toHaveLength(6);
  });
  it('leave out a machine name that no certificate can hold', () => {
    expect(wantedNames('ra.example', [], 'my_box')).not.toContain('my_box');
  });
  it('start with UPKI_RA_CN, else the machine’s name, else localhost', () => {
    expect(commonName({ raCn: 'ra.example' }, 'box')).toBe('ra.example');
    expect(commonName({ raCn: null }, 'Box')).toBe('box');
    expect(commonName({ raCn: null }, 'my_box')).toBe('localhost');
  });
});

describe("the RA's certificate is replaced", () => {
  const names = wantedNames('ra.example', ['fd00::1:0:0:2'], 'box');

  it('not while it is good', async () => {
    expect(whyRenew(await have(names, 59), names, NOW)).toBeNull();
  });
  it('when it is of another key', async () => {
    const mixed = { ...(await have(names)), key: (await have(names)).key };
    expect(whyRenew(mixed, names, NOW)).toBe('it is not of the key in ra.key');
  });
  it('when a wanted name is missing', async () => {
    expect(whyRenew(await have(names), [...names, 'new.example'], NOW)).toBe('it does not name new.example');
  });
  it('when it names more than is wanted: what left the configuration leaves the certificate', async () => {
    expect(whyRenew(await have([...names, 'old.example']), names, NOW)).toBe('it still names old.example');
  });
  it('not when the CA named more than was wanted, and would again', async () => {
    expect(whyRenew(await have([...names, 'old.example']), names, NOW, true)).toBeNull();
  });
  it('when two thirds of its life are over', async () => {
    expect(whyRenew(await have(names, 61), names, NOW)).toMatch(/^it ends on /);
  });
});

it('a request names all that is wanted, as another library reads it, and is signed by the key (RFC 2986)', async () => {
  const names = wantedNames('ra.example', ['10.0.0.1'], 'box');
  const { key, certificate } = await have(names);
  const csr = new peculiar.Pkcs10CertificateRequest(requestFor(names, key));
  expect(csr.subject).toBe('CN=ra.example');
  const san = csr.extensions.find((each) => each instanceof peculiar.SubjectAlternativeNameExtension);
  expect(san?.names.items.map(({ value }) => value)).toEqual(names);
  expect(await csr.verify()).toBe(true);
  expect(namesOfCertificate(certificate)).toEqual(names);
});
