import 'reflect-metadata';
import { type KeyObject, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import * as pkijs from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from '../../../src/ca/folder/keys.js';
import { IssueError, newSerial, validityFor } from '../../../src/ca/issue/factory.js';
import { LintError, lint } from '../../../src/ca/issue/lint.js';
import { type Profile, parseProfile } from '../../../src/ca/issue/profiles.js';
import { parseCertificate, subjectAltNames } from '../../../src/x509/certificate.js';
import { OID } from '../../../src/x509/oids.js';
import {
  endProfiles,
  KEY_SPECS,
  NAME_SETS,
  NOW,
  type SigningWorld,
  signingWorld,
} from '../../../tools/kit/signing-world.js';

let world: SigningWorld;
const keys = new Map<string, KeyObject>();
const profile = (name: string): Profile => world.profiles.get(name) ?? expect.unreachable();
const key = (name = 'P-256'): KeyObject => keys.get(name) ?? expect.unreachable();
const names = (set = 'dns') => NAME_SETS[set] ?? [];

beforeAll(async () => {
  world = await signingWorld();
  for (const [name, spec] of Object.entries(KEY_SPECS)) keys.set(name, await generateKey(spec));
});

describe('every profile × key type × identifier type', () => {
  it('passes our lint, verifies to the root, and reads the same in three other readers', async () => {
    let checked = 0;
    const root = new X509Certificate(world.root);
    const intermediate = new X509Certificate(world.intermediate);
    expect(intermediate.checkIssued(root) && intermediate.verify(root.publicKey)).toBe(true);
    for (const each of endProfiles(world.profiles)) {
      for (const certified of keys.values()) {
        for (const set of Object.values(NAME_SETS)) {
          const input = world.input(each, certified, set);
          const der = await world.factory.issue(input);
          lint(der, world.lintContext(input));
          agree(der, intermediate);
          checked += 1;
        }
      }
    }
    expect(checked).toBe(7 * 6 * 5);
  });

  /** node:crypto (OpenSSL), @peculiar/x509 and pkijs read what we read. */
  function agree(der: Buffer, issuer: X509Certificate): void {
    const ours = parseCertificate(der);
    const node = new X509Certificate(der);
    expect(node.checkIssued(issuer) && node.verify(issuer.publicKey)).toBe(true);
    expect(node.serialNumber.toLowerCase()).toBe(ours.serial);
    expect(Date.parse(node.validFrom)).toBe(ours.notBefore);
    expect(Date.parse(node.validTo)).toBe(ours.notAfter);
    expect(node.publicKey.export({ type: 'spki', format: 'der' }).equals(ours.spki)).toBe(true);

    const second = new peculiar.X509Certificate(der);
    expect(second.serialNumber).toBe(ours.serial);
    expect(second.notAfter.getTime()).toBe(ours.notAfter);
    const altNames = second.getExtension(peculiar.SubjectAlternativeNameExtension);
    expect(altNames?.names.items.map(({ type, value }) => ({ type, value }))).toEqual(subjectAltNames(ours));
    expect(second.extensions.map(({ type, critical }) => [type, critical])).toEqual(
      [...ours.extensions.values()].map(({ oid, critical }) => [oid, critical]),
    );

    const third = pkijs.Certificate.fromBER(der);
    expect(Buffer.from(third.serialNumber.valueBlock.valueHexView).toString('hex')).toBe(ours.serial);
    expect(third.subject.typesAndValues.map(({ value }) => value.valueBlock.value)).toEqual(
      ours.subject.flat().map(({ value }) => value),
    );
    expect(third.extensions?.map(({ extnID }) => extnID)).toEqual([...ours.extensions.keys()]);
  }
});

describe('issuance (RFC 5280 §4)', () => {
  it('is deterministic: the same input gives the same TBSCertificate', () => {
    const input = world.input(profile('server'), key(), names());
    expect(world.factory.toBeSigned(input).equals(world.factory.toBeSigned(input))).toBe(true);
  });

  it('a server certificate has an empty subject and so a critical SAN (§4.2.1.6)', async () => {
    const certificate = parseCertificate(
      await world.factory.issue(world.input(profile('server'), key(), names())),
    );
    expect(certificate.subject).toEqual([]);
    expect(certificate.extensions.get(OID.subjectAltName)?.critical).toBe(true);
  });

  it('has CRL and issuer URLs under the public URL, and none without it', async () => {
    const der = await world.factory.issue(world.input(profile('server'), key(), names()));
    expect(der.toString('latin1')).toMatch(/http:\/\/ra\.example\.com:8001\/crl\/[0-9a-f]{20}\.crl/);
    expect(der.toString('latin1')).toMatch(/http:\/\/ra\.example\.com:8001\/issuer\/[0-9a-f]{20}\.cer/);
  });

  it('serials are positive, 17 octets, with 128 random bits (§4.1.2.2)', () => {
    const zeros = newSerial((bytes) => Buffer.alloc(bytes));
    const ones = newSerial((bytes) => Buffer.alloc(bytes, 0xff));
    expect([zeros.length, ones.length]).toEqual([34, 34]);
    expect(Number.parseInt(zeros.slice(0, 2), 16)).toBeGreaterThan(0);
    expect(Number.parseInt(ones.slice(0, 2), 16)).toBeLessThan(0x80);
  });

  it('never makes a common name of more than 64 characters', () => {
    const input = { ...world.input(profile('user'), key(), names()), commonName: 'x'.repeat(65) };
    expect(() => world.factory.toBeSigned(input)).toThrow(IssueError);
    expect(() => world.factory.toBeSigned({ ...input, commonName: 'x'.repeat(64) })).not.toThrow();
  });

  it('never makes a certificate that names nothing', () => {
    expect(() =>
      world.factory.toBeSigned({ ...world.input(profile('server'), key(), names()), names: [] }),
    ).toThrow(IssueError);
  });

  it.each([
    [
      "nothing: an hour back, the profile's days on",
      { notBefore: null, notAfter: null },
      -3600_000,
      60 * 86_400_000 - 1000,
    ],
    ['a later start', { notBefore: NOW + 5000, notAfter: null }, 5000, 5000 + 60 * 86_400_000 - 1000],
    ['an end', { notBefore: null, notAfter: NOW + 86_400_000 }, -3600_000, 86_400_000],
  ])('validity when asked for %s', (_, requested, start, end) => {
    const validity = validityFor(profile('server'), NOW, requested, NOW * 2);
    expect(validity).toEqual({ notBefore: NOW + start, notAfter: NOW + end });
  });

  it('validity never outlives the profile or the issuer', () => {
    const beyond = { notBefore: null, notAfter: NOW + 61 * 86_400_000 };
    expect(() => validityFor(profile('server'), NOW, beyond, NOW * 2)).toThrow(IssueError);
    const none = { notBefore: null, notAfter: null };
    expect(validityFor(profile('server'), NOW, none, NOW + 1000).notAfter).toBe(NOW + 1000);
    expect(() => validityFor(profile('server'), NOW, none, NOW - 1)).toThrow(IssueError);
  });
});

describe('the lint before a certificate leaves', () => {
  it.each([
    ['another serial', { serial: '7f'.repeat(17) }, /serial/],
    ['another end', { notAfter: NOW + 1000 }, /validity/],
    ['another name', { names: [{ type: 'dns', value: 'evil.example.com' }] }, /names/],
    ['one name more', { names: [...(NAME_SETS.dns ?? []), ...(NAME_SETS.ipv4 ?? [])] }, /names/],
    ['no name', { names: [] }, /names/],
    [
      'another type of name',
      { names: (NAME_SETS.dns ?? []).map((name) => ({ ...name, type: 'uri' as const })) },
      /names/,
    ],
  ] as const)('stops a certificate when %s was decided', async (_, decided, finding) => {
    const input = world.input(profile('server'), key(), names());
    const der = await world.factory.issue(input);
    expect(() =>
      lint(
        der,
        world.lintContext({
          ...input,
          ...decided,
          names: [...(('names' in decided && decided.names) || input.names)],
        }),
      ),
    ).toThrow(finding);
  });

  it('refuses another key, profile or issuer, and a broken signature', async () => {
    const input = world.input(profile('server'), key(), names());
    const der = await world.factory.issue(input);
    const context = world.lintContext(input);
    const otherKey = world.input(profile('server'), key('P-384'), names());
    expect(() => lint(der, world.lintContext({ ...input, publicKey: otherKey.publicKey }))).toThrow(/key/);
    expect(() => lint(der, world.lintContext({ ...input, profile: profile('user') }))).toThrow(LintError);
    expect(() => lint(der, { ...context, issuerKeyId: '00' })).toThrow(/authority key/);
    const other = await signingWorld();
    expect(() => lint(der, { ...context, issuerKey: other.lintContext(input).issuerKey })).toThrow(
      /signature/,
    );
    expect(() => lint(der.subarray(0, -1), context)).toThrow(LintError);
  });
});

describe('certificates for hours (RFC 9608)', () => {
  const short = (yaml: string) =>
    parseProfile(
      'brief',
      `keyUsage: [digitalSignature]\nextendedKeyUsage: [serverAuth]\n${yaml}`,
      'brief.yml',
    );

  it.each([
    ['8h', 8],
    ['6d', 144],
    ['90', 2160],
  ])('a duration of %s is %i hours', (written, hours) => {
    const profile = short(`duration: ${written}`);
    const validity = validityFor(profile, NOW, { notBefore: null, notAfter: null }, NOW + 1e12);
    expect(validity.notAfter).toBe(NOW + hours * 3600_000 - 1000);
    expect(validity.notBefore).toBe(NOW - Math.min(3600_000, (hours * 3600_000) / 8));
  });

  it.each(['0h', '8m', '1.5d', '-3', '99999999d', 'h'])('a duration of %s is refused', (written) => {
    expect(() => short(`duration: ${written}`)).toThrow(/duration/);
  });

  it('are marked as not revocable, and have neither CRL nor OCSP URLs', async () => {
    const { profiles, factory, input, lintContext } = await signingWorld();
    const profile = profiles.get('short') ?? expect.unreachable();
    const asked = input(profile, await generateKey({ type: 'ec', curve: 'P-256' }), [
      { type: 'dns', value: 'a.example.com' },
    ]);
    const { extensions, der } = lint(await factory.issue(asked), lintContext(asked));
    expect(extensions.get('2.5.29.56')).toMatchObject({ critical: false, value: Buffer.from([5, 0]) });
    expect(extensions.has('2.5.29.31')).toBe(false);
    expect(der.toString('latin1')).not.toContain('/ocsp');
    expect(der.toString('latin1')).toContain('/issuer/');
  });
});
