import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCross, createIntermediate, createRoot } from '../../../src/ca/folder/issuer-certificates.js';
import { publicKeyDer } from '../../../src/ca/folder/keys.js';
import { CertificateFactory, newSerial } from '../../../src/ca/issue/factory.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { RaFiles } from '../../../src/programs/ra/files.js';
import { rootKeeper } from '../../../src/programs/ra/kept-roots.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { fingerprintOf } from '../../../src/x509/fingerprint.js';
import { dn } from '../../../src/x509/name.js';
import { fromPem, toPem } from '../../../src/x509/pem.js';
import { parsePublicKey } from '../../../src/x509/spki.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { newKey } from '../../support/requests.js';

const NOW = Date.now();
const times = () => ({ serial: newSerial(randomBytes), notBefore: NOW - 1000, notAfter: NOW + 86_400_000 });
const pem = (...ders: Buffer[]) => ders.map((der) => toPem('CERTIFICATE', der)).join('');

async function authority(name: string) {
  const [rootKey, key] = [newKey(), newKey()];
  const signer = signerFor(rootKey);
  const root = await createRoot(
    { ...times(), subject: dn(['CN', `${name} root`]), spki: publicKeyDer(rootKey) },
    signer,
  );
  const issuer = await createIntermediate(
    { ...times(), subject: dn(['CN', name]), spki: publicKeyDer(key), locations: [] },
    root,
    signer,
  );
  const factory = new CertificateFactory({ certificate: issuer, signer: signerFor(key), publicUrl: null });
  return { root, issuer, signer, factory };
}

let directory: string;
let files: RaFiles;
let settings: Map<string, string>;
beforeEach(async () => {
  directory = newFolder();
  files = new RaFiles(directory);
  settings = new Map();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const store = {
  getSetting: async (name: string) => settings.get(name) ?? null,
  putSetting: async (name: string, value: string) => void settings.set(name, value),
};

const kept = async () =>
  fromPem('CERTIFICATE', await readFile(join(directory, 'ca.crt'), 'utf8')).map(fingerprintOf);

describe('an RA whose CA publishes another root', () => {
  it('has consistent files whenever it ends, and reads all of them at the next start', async () => {
    const [old, next] = [await authority('old'), await authority('next')];
    const spki = parsePublicKey(publicKeyDer(createPrivateKey((await files.keys()).tls)));
    const profile = (await loadProfiles(null)).get('ra') ?? expect.unreachable();
    const leafOf = ({ factory }: typeof old) =>
      factory.issue({
        ...times(),
        profile,
        publicKey: spki,
        names: [{ type: 'dns', value: 'ra.test' }],
        commonName: null,
      });
    await files.saveRegistration({
      certificate: pem(await leafOf(old), old.issuer),
      root: pem(old.root),
      caChannelKey: null,
    });
    const keep = rootKeeper({ files, store });

    // The old root is retired before the RA has another certificate: both stay.
    await keep(pem(next.root));
    expect(await kept()).toEqual([next.root, old.root].map(fingerprintOf));
    expect(await files.registration()).not.toBeNull();

    // It has one under the new root, with the cross-certificate at the end of its chain: the old one is needed no more.
    const cross = await createCross(next.root, { ...times(), locations: [] }, old.root, old.signer);
    await files.saveCertificate(pem(await leafOf(next), next.issuer, cross));
    await keep(pem(next.root));
    expect(await kept()).toEqual([fingerprintOf(next.root)]);
    expect(await files.registration()).not.toBeNull();
    const both = expect.arrayContaining([old.root, next.root].map(fingerprintOf));
    expect((await files.marker())?.roots).toEqual(both);
    expect(JSON.parse([...settings.values()][0] ?? '{}')).toEqual({ roots: both });
  });
});
