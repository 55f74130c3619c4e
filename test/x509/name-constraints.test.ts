import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { permitOnly } from '../../src/ca/folder/permit.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { DerError } from '../../src/x509/der-error.js';
import {
  constraintsAbove,
  constraintsText,
  isPermitted,
  type NameConstraints,
  namesForbidden,
  parseNameConstraints,
} from '../../src/x509/name-constraints.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { newFolder } from '../../tools/kit/folder.js';

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const only = (...entries: string[]): NameConstraints[] => [
  parseNameConstraints(permitOnly(entries) ?? Buffer.alloc(0)),
];
const may = (type: 'dns' | 'ip' | 'email' | 'uri', value: string, constraints: NameConstraints[]) =>
  isPermitted({ type, value }, constraints);

/** Constraints as openssl writes them. */
function byOpenssl(text: string): NameConstraints[] {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('c.cnf'), `[req]\ndistinguished_name=d\n[d]\n[v]\nnameConstraints=critical,${text}\n`);
  const words = [
    'req',
    '-x509',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    at('k'),
    '-out',
    at('c'),
  ];
  execFileSync('openssl', [...words, '-subj', '/CN=x', '-config', at('c.cnf'), '-extensions', 'v'], {
    stdio: 'pipe',
  });
  const pem = execFileSync('openssl', ['x509', '-in', at('c')]).toString();
  return constraintsAbove([parseCertificate(firstFromPem('CERTIFICATE', pem))]);
}

describe('name constraints (RFC 5280 §4.2.1.10)', () => {
  it('permit DNS names with all subdomains, in any case, and no name that only ends alike', () => {
    const plant = only('plant.lan');
    for (const name of ['plant.lan', 'a.plant.lan', 'b.A.Plant.LAN', '*.plant.lan'])
      expect(may('dns', name, plant)).toBe(true);
    for (const name of ['lan', 'explant.lan', 'plant.lan.evil', '*.lan', 'plant.example', ''])
      expect([name, may('dns', name, plant)]).toEqual([name, false]);
  });

  it('that permit only DNS names exclude every address, and vice versa', () => {
    expect([may('ip', '10.0.0.1', only('plant.lan')), may('ip', 'fd00::1', only('plant.lan'))]).toEqual([
      false,
      false,
    ]);
    const networks = only('10.0.0.0/8');
    expect(
      ['10.255.0.1', '11.0.0.1', 'fd00::1', '::ffff:10.0.0.1'].map((each) => may('ip', each, networks)),
    ).toEqual([true, false, false, false]);
    expect(may('dns', 'plant.lan', networks)).toBe(false);
    expect(may('email', 'a@plant.lan', networks)).toBe(false);
    expect(['fd00::1', 'fe80::1', '10.0.0.1'].map((each) => may('ip', each, only('fd00::/8')))).toEqual([
      true,
      false,
      false,
    ]);
    expect(['192.0.2.7', '192.0.2.8'].map((each) => may('ip', each, only('192.0.2.7')))).toEqual([
      true,
      false,
    ]);
  });

  it('match mailboxes by host or as a whole, and URIs by host', () => {
    const plant = only('plant.lan', '@mail.example', '@.dept.example', 'Boss@home.example');
    const mailboxes = {
      'a@plant.lan': true,
      'a@b.plant.lan': true,
      'a@MAIL.example': true,
      'a@x.mail.example': false,
      'a@x.dept.example': true,
      'a@dept.example': false,
      'Boss@home.example': true,
      'boss@home.example': false,
      'plant.lan': false,
      'a@evil@plant.lan': true,
    };
    for (const [mailbox, expected] of Object.entries(mailboxes))
      expect([mailbox, may('email', mailbox, plant)]).toEqual([mailbox, expected]);
    const uris = {
      'spiffe://plant.lan/a': true,
      'https://x.plant.lan:8/y': true,
      'https://plant.lan@evil.example/': false,
      'https://10.0.0.1/': false,
      'https://[::1]/': false,
      'urn:uuid:1': false,
    };
    for (const [uri, expected] of Object.entries(uris))
      expect([uri, may('uri', uri, plant)]).toEqual([uri, expected]);
  });

  it('of several certificates must all permit a name, and exclusion overrides permission', () => {
    const both = [
      ...only('plant.lan', 'other.lan'),
      ...byOpenssl('permitted;DNS:plant.lan,excluded;DNS:secret.plant.lan,excluded;IP:10.1.0.0/255.255.0.0'),
    ];
    expect(
      ['a.plant.lan', 'other.lan', 'secret.plant.lan', 'x.secret.plant.lan', '*.plant.lan'].map((each) =>
        may('dns', each, both),
      ),
    ).toEqual([true, false, false, false, false]);
    expect(may('ip', '10.1.2.3', byOpenssl('excluded;IP:10.1.0.0/255.255.0.0'))).toBe(false);
    expect(constraintsText(byOpenssl('permitted;DNS:plant.lan,excluded;DNS:secret.plant.lan'))).toBe(
      'plant.lan but secret.plant.lan',
    );
    expect(constraintsText(only('plant.lan', '10.0.0.0/8'))).toBe(
      'plant.lan, 10.0.0.0/8, @plant.lan, @.plant.lan',
    );
  });

  it('apply to a common name that programs read as a host name if there is no DNS name', () => {
    expect(namesForbidden([], 'evil.example', only('plant.lan'))).toEqual(['evil.example']);
    expect(
      namesForbidden([{ type: 'dns', value: 'a.plant.lan' }], 'evil.example', only('plant.lan')),
    ).toEqual([]);
    expect(namesForbidden([], 'Alice Smith', only('plant.lan'))).toEqual([]);
    expect(namesForbidden([], 'alice', only('plant.lan'))).toEqual([]);
  });

  it('permit all names if they are empty', () => {
    expect(permitOnly([])).toBeNull();
    expect(may('dns', 'anything', [])).toBe(true);
  });

  it('are read or refused with DerError, whatever the octets, and are read back as written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        try {
          parseNameConstraints(octets);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.tuple(fc.ipV4(), fc.nat(32)), ([address, bits]) => {
        const [constraints] = only(`${address}/${bits}`);
        const network = constraints?.permitted.find(({ type }) => type === 'ip');
        expect(network?.value.endsWith(`/${bits}`)).toBe(true);
        expect(may('ip', address, constraints ? [constraints] : [])).toBe(true);
      }),
    );
  });
});
