import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { keyFromPem, publicKeyDer } from '../../../src/ca/folder/keys.js';
import { CertificateFactory, newSerial } from '../../../src/ca/issue/factory.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import type { SubjectName } from '../../../src/x509/certificate-names.js';
import { OID } from '../../../src/x509/oids.js';
import { firstFromPem, toPem } from '../../../src/x509/pem.js';
import { parsePublicKey } from '../../../src/x509/spki.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const run = promisify(execFile);
const worlds: CaWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function start(init: ConstructorParameters<typeof CaWorld>[1]): Promise<CaWorld> {
  const world = await new CaWorld({}, init).start();
  worlds.push(world);
  return world;
}

/** `openssl verify` of a certificate with its chain, PEM. */
async function verdict(world: CaWorld, pem: string): Promise<string> {
  const at = (name: string) => join(world.dataDir, name);
  await writeFile(at('leaf.pem'), pem);
  const words = [
    'verify',
    '-x509_strict',
    '-CAfile',
    at('ca.crt'),
    '-untrusted',
    at('issuer.crt'),
    at('leaf.pem'),
  ];
  const { stdout } = await run('openssl', words).catch((error: { stdout: string; stderr: string }) => ({
    stdout: error.stdout + error.stderr,
  }));
  return stdout;
}

/** A leaf as somebody would make it who has the issuer's key and no scruples. */
async function forged(
  world: CaWorld,
  names: SubjectName[],
  commonName: string | null = null,
): Promise<string> {
  const at = (name: string) => readFile(join(world.dataDir, name), 'utf8');
  const certificate = firstFromPem('CERTIFICATE', await at('issuer.crt'));
  const signer = signerFor(keyFromPem(await at('issuer.key'), null, 'issuer.key'));
  const profile = (await loadProfiles(null)).get('webapp');
  if (!profile) throw new Error('no profile');
  const times = { notBefore: Date.now() - 1000, notAfter: Date.now() + 86_400_000 };
  const factory = new CertificateFactory({ certificate, signer, publicUrl: null });
  const publicKey = parsePublicKey(publicKeyDer(newKey()));
  return toPem(
    'CERTIFICATE',
    await factory.issue({ profile, publicKey, names, commonName, serial: newSerial(randomBytes), ...times }),
  );
}

describe('a CA that is limited to names', () => {
  it('puts them, critical, on its issuer only, or on its root too', async () => {
    const constraintsIn = async (world: CaWorld, file: string) => {
      const pem = await readFile(join(world.dataDir, file), 'utf8');
      return parseCertificate(firstFromPem('CERTIFICATE', pem)).extensions.get(OID.nameConstraints);
    };
    const issuerOnly = await start({ permit: ['plant.lan'] });
    expect(await constraintsIn(issuerOnly, 'issuer.crt')).toMatchObject({ critical: true });
    expect(await constraintsIn(issuerOnly, 'ca.crt')).toBeUndefined();
    const both = await start({ permit: ['plant.lan'], permitOnRoot: true });
    expect(await constraintsIn(both, 'ca.crt')).toEqual(await constraintsIn(both, 'issuer.crt'));
    const free = await start({});
    expect(await constraintsIn(free, 'issuer.crt')).toBeUndefined();
  });

  it('certifies permitted names, which openssl verifies, and refuses the rest with rejectedIdentifier', async () => {
    const world = await start({ permit: ['plant.lan', '10.0.0.0/8'], permitOnRoot: true });
    const ra = await world.registered('ra.plant.lan');
    for (const names of [
      ['a.plant.lan', '*.plant.lan'],
      [{ type: 'ip' as const, value: '10.1.2.3' }],
      ['b.plant.lan', { type: 'email' as const, value: 'x@plant.lan' }],
    ]) {
      const { certificate } = await ra.call('sign', { csr: requestPem(names), profile: 'webapp' });
      expect(await verdict(world, certificate)).toMatch(/: OK/);
    }
    const refused = [
      ['a.example.com'],
      ['a.plant.lan', 'b.other.lan'],
      [{ type: 'ip' as const, value: '192.0.2.1' }],
      [{ type: 'ip' as const, value: 'fd00::1' }],
      ['c.plant.lan', { type: 'email' as const, value: 'x@example.com' }],
    ];
    for (const names of refused) {
      await expect(ra.call('sign', { csr: requestPem(names), profile: 'webapp' })).rejects.toMatchObject({
        kind: 'rejectedIdentifier',
        message: expect.stringMatching(/outside of what the issuer may certify \(plant\.lan, 10\.0\.0\.0\/8/),
      });
    }
    await expect(world.registered('ra.example.com')).rejects.toMatchObject({ kind: 'rejectedIdentifier' });
  });

  it.each([
    [['plant.lan'], [{ type: 'dns', value: 'a.evil.example' }]],
    [['plant.lan'], [{ type: 'ip', value: '10.0.0.1' }]],
    [['plant.lan'], [{ type: 'ip', value: 'fd00::1' }]],
    [
      ['plant.lan'],
      [
        { type: 'dns', value: 'a.plant.lan' },
        { type: 'email', value: 'a@evil.example' },
      ],
    ],
    [
      ['plant.lan'],
      [
        { type: 'dns', value: 'a.plant.lan' },
        { type: 'uri', value: 'https://evil.example/' },
      ],
    ],
    [['10.0.0.0/8'], [{ type: 'dns', value: 'plant.lan' }]],
    [['10.0.0.0/8'], [{ type: 'ip', value: '192.0.2.1' }]],
    [
      ['10.0.0.0/8'],
      [
        { type: 'ip', value: '10.0.0.1' },
        { type: 'email', value: 'a@plant.lan' },
      ],
    ],
  ] as [
    string[],
    SubjectName[],
  ][])('of %j openssl refuses a forged certificate for %j', async (permit, names) => {
    const world = await start({ permit });
    expect(await verdict(world, await forged(world, names))).toMatch(
      /permitted subtree violation|excluded subtree violation/,
    );
  });

  it('refuses a common name that openssl would read as a host’s', async () => {
    const world = await start({ permit: ['plant.lan'] });
    const ra = await world.registered('ra.plant.lan');
    await expect(
      ra.call('sign', { csr: requestPem([], { cn: 'alice.smith' }), profile: 'user' }),
    ).rejects.toMatchObject({ kind: 'rejectedIdentifier' });
    const { certificate } = await ra.call('sign', {
      csr: requestPem([], { cn: 'Alice Smith' }),
      profile: 'user',
    });
    expect(await verdict(world, certificate)).toMatch(/: OK/);
  });

  it('passes its limits on to the next issuer and the next root', async () => {
    const world = await start({ permit: ['plant.lan'], permitOnRoot: true });
    const ra = await world.registered('ra.plant.lan');
    const constrained = async () =>
      (await ra.call('get_authorities', {})).authorities.map(({ kind, certificate }) => [
        kind,
        parseCertificate(firstFromPem('CERTIFICATE', certificate)).extensions.has(OID.nameConstraints),
      ]);
    await world.onSet(async ({ succession, roots }) => {
      await succession.makeIssuer();
      await roots.begin({ who: 'test', from: 'local' });
    });
    const all = await constrained();
    expect(all.every(([, has]) => has)).toBe(true);
    expect(all.map(([kind]) => kind).sort()).toEqual(['cross', 'cross', 'issuer', 'issuer', 'root', 'root']);
  });
});
