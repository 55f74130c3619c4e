import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CaCertificateError,
  checkCaCertificate,
  isSelfSigned,
} from '../../../src/ca/folder/issuer-certificates.js';
import { generateKey, KeyFileError, keyFromPem, publicKeyDer, saveKey } from '../../../src/ca/folder/keys.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { endProfiles, NAME_SETS, NOW, signingWorld } from '../../../tools/kit/signing-world.js';

const P256 = { type: 'ec', curve: 'P-256' } as const;

/** As the CA reads its key files. */
const loadKey = async (path: string, passphrase: string | null) =>
  keyFromPem(await readFile(path), passphrase, path);

describe('private key files', () => {
  it('are readable by their owner only, and are read back unchanged', async () => {
    const path = join(newFolder(), 'ca.key');
    const key = await generateKey(P256);
    await saveKey(path, key, null);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(publicKeyDer(await loadKey(path, null)).equals(publicKeyDer(key))).toBe(true);
  });

  it('contain nothing readable when a passphrase is given', async () => {
    const path = join(newFolder(), 'ca.key');
    const key = await generateKey(P256);
    await saveKey(path, key, 'correct horse');
    expect(await readFile(path, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(publicKeyDer(await loadKey(path, 'correct horse')).equals(publicKeyDer(key))).toBe(true);
    await expect(loadKey(path, null)).rejects.toThrow(/is encrypted and no passphrase/);
    await expect(loadKey(path, 'wrong')).rejects.toThrow(KeyFileError);
  });

  it('that are not keys are named in the error, never quoted', async () => {
    const path = join(newFolder(), 'ca.key');
    await writeFile(path, 'hunter2');
    await expect(loadKey(path, null)).rejects.toThrow(`${path} is not a PEM private key`);
  });

  it.each([
    ['traditional EC, encrypted', 'sec1'],
    ['traditional RSA, encrypted', 'pkcs1'],
  ] as const)('%s, are read', async (_, type) => {
    const key = await generateKey(type === 'sec1' ? P256 : { type: 'rsa', bits: 2048 });
    const pem = key.export({ type, format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString();
    expect(publicKeyDer(keyFromPem(pem, 'x', 'it')).equals(publicKeyDer(key))).toBe(true);
  });
});

describe('a key and certificate that are to be an authority', () => {
  it('must match, belong to a CA, and be within their validity (RFC 5280 §4.2.1.9)', async () => {
    const world = await signingWorld();
    const other = await generateKey(P256);
    expect(() =>
      checkCaCertificate(world.intermediate, publicKeyDer(world.issuerKey), NOW + 1),
    ).not.toThrow();
    expect(() => checkCaCertificate(world.intermediate, publicKeyDer(other), NOW + 1)).toThrow(
      CaCertificateError,
    );
    expect(() => checkCaCertificate(world.intermediate, publicKeyDer(world.issuerKey), NOW - 1)).toThrow(
      /not valid now/,
    );
    const [profile] = endProfiles(world.profiles);
    const leaf = await world.factory.issue(
      world.input(profile ?? expect.unreachable(), other, NAME_SETS.dns ?? []),
    );
    expect(() => checkCaCertificate(leaf, publicKeyDer(other), NOW + 1)).toThrow(/CA:TRUE/);
    expect([isSelfSigned(world.root), isSelfSigned(world.intermediate)]).toEqual([true, false]);
  });
});
