import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createIntermediate, createRoot } from '../../../src/ca/folder/issuer-certificates.js';
import { generateKey, publicKeyDer } from '../../../src/ca/folder/keys.js';
import { permitOnly } from '../../../src/ca/folder/permit.js';
import { CertificateFactory, newSerial } from '../../../src/ca/issue/factory.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import type { SubjectName } from '../../../src/x509/certificate-names.js';
import { dn } from '../../../src/x509/name.js';
import { toPem } from '../../../src/x509/pem.js';
import { parsePublicKey } from '../../../src/x509/spki.js';
import type { World } from '../../interop/world.js';
import { NotInstallable, type Tools } from '../../kit/tools.js';
import { heard, type Reader } from './readers.js';

type Check = (what: string, work: () => Promise<unknown>) => Promise<void>;

const DAY = 86_400_000;
const name = (type: SubjectName['type'], value: string): SubjectName => ({ type, value });

/** Certificates below a constrained issuer, and whether they are permitted. */
const CASES: [permit: string[], names: SubjectName[], may: boolean][] = [
  [['plant.lan'], [name('dns', 'a.plant.lan')], true],
  [['plant.lan'], [name('dns', 'plant.lan'), name('email', 'x@plant.lan')], true],
  [['plant.lan', '10.0.0.0/8'], [name('ip', '10.1.2.3')], true],
  [['plant.lan'], [name('dns', 'a.evil.example')], false],
  [['plant.lan'], [name('dns', 'explant.lan')], false],
  [['plant.lan'], [name('ip', '10.0.0.1')], false],
  [['plant.lan'], [name('ip', 'fd00::1')], false],
  [['plant.lan'], [name('dns', 'a.plant.lan'), name('email', 'x@evil.example')], false],
  [['plant.lan'], [name('dns', 'a.plant.lan'), name('uri', 'https://evil.example/')], false],
  [['10.0.0.0/8'], [name('ip', '10.1.2.3')], true],
  [['10.0.0.0/8'], [name('ip', '192.0.2.1')], false],
  [['10.0.0.0/8'], [name('dns', 'plant.lan')], false],
  [['10.0.0.0/8'], [name('ip', '10.1.2.3'), name('email', 'x@plant.lan')], false],
];

/** OpenSSL, Go, Java and NSS refuse a certificate that its constrained issuer may not sign, even if a thief signed it. */
export async function judgeNames(
  world: World,
  tools: Tools,
  readers: readonly Reader[],
  check: Check,
): Promise<void> {
  const asked = readers.filter(({ name }) => !name.includes('OCSP')).concat(await nss(world, tools));
  for (const [permit, names, may] of CASES) {
    const made = await forged(permit, names);
    const shown = names.map(({ value }) => value).join(', ');
    for (const reader of asked) {
      const what = `${reader.name}: limited to ${permit.join(', ')}, ${may ? 'takes' : 'refuses'} ${shown}`;
      await check(what, async () => {
        const said = await heard(reader, { ...made, crls: '', name: names[0]?.value ?? '' });
        if (may) assert.equal(said, 'good');
        else assert.notEqual(said, 'good');
      });
    }
  }
}

/** A certificate that a thief of the issuer's key could make: PEM. */
async function forged(permit: string[], names: SubjectName[]): Promise<{ chain: string; root: string }> {
  const [rootKey, key, leafKey] = await Promise.all(
    [1, 2, 3].map(() => generateKey({ type: 'ec', curve: 'P-256' })),
  );
  if (!rootKey || !key || !leafKey) throw new Error('no keys');
  const now = Date.now();
  const fields = () => ({ serial: newSerial(randomBytes), notBefore: now - DAY, notAfter: now + 100 * DAY });
  const root = await createRoot(
    { ...fields(), subject: dn(['CN', 'Limited Root']), spki: publicKeyDer(rootKey) },
    signerFor(rootKey),
  );
  const constraints = permitOnly(permit) ?? undefined;
  const issuer = await createIntermediate(
    {
      ...fields(),
      subject: dn(['CN', 'Limited Issuer']),
      spki: publicKeyDer(key),
      locations: [],
      constraints,
    },
    root,
    signerFor(rootKey),
  );
  const profile = (await loadProfiles(null)).get('webapp');
  if (profile === undefined) throw new Error('there is no profile webapp');
  const factory = new CertificateFactory({ certificate: issuer, signer: signerFor(key), publicUrl: null });
  const publicKey = parsePublicKey(publicKeyDer(leafKey));
  const leaf = await factory.issue({ ...fields(), profile, publicKey, names, commonName: null });
  return {
    chain: toPem('CERTIFICATE', leaf) + toPem('CERTIFICATE', issuer),
    root: toPem('CERTIFICATE', root),
  };
}

/** Firefox's library; skipped if it cannot be installed. */
async function nss(world: World, tools: Tools): Promise<Reader[]> {
  let certutil: string;
  let vfychain: string;
  try {
    certutil = await tools.apt('libnss3-tools', 'certutil');
    vfychain = await tools.apt('libnss3-tools', 'vfychain');
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    return [];
  }
  return [
    {
      name: 'NSS vfychain',
      async verify({ chain, root }) {
        const [leaf = '', issuer = ''] = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
        const files = [
          await world.file('n-leaf.pem', leaf),
          await world.file('n-issuer.pem', issuer),
          await world.file('n-root.pem', root),
        ];
        const [own = '', between = '', top = ''] = files;
        const database = `sql:${world.folder}/nss-names`;
        await world.run('sh', ['-c', `rm -rf "${database.slice(4)}" && mkdir -p "${database.slice(4)}"`]);
        await world.run(certutil, ['-N', '-d', database, '--empty-password']);
        await world.run(certutil, ['-A', '-d', database, '-n', 'root', '-t', 'CT,,', '-i', top]);
        await world.run(certutil, ['-A', '-d', database, '-n', 'issuer', '-t', ',,', '-i', between]);
        const words = ['-d', database, '-pp', '-u', '1', '-a', own, between, '-t', '-a', top];
        const said = await world.run('sh', ['-c', '"$@" 2>&1 || true', 'sh', vfychain, ...words]);
        return /^Chain is good!$/m.test(said) ? 'good' : said.trim().slice(0, 200);
      },
    },
  ];
}
