import { execFileSync } from 'node:child_process';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
} from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstFromPem, fromPem } from '../../src/x509/pem.js';
import { createPkcs12, type Pkcs12Protection } from '../../src/x509/pkcs12.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createTestPki } from '../../tools/kit/test-pki.js';

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as never }));
});

const PASSPHRASE = 'correct horse ~ battery';
const pki = createTestPki();
const root = firstFromPem('CERTIFICATE', pki.root);

const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });

function made(key: KeyObject, protection: Pkcs12Protection, passphrase = PASSPHRASE) {
  const leaf = firstFromPem('CERTIFICATE', pki.certify(createPublicKey(key), { commonName: 'alice' }));
  const der = createPkcs12(
    { key, certificates: [leaf, root], friendlyName: 'alice' },
    { passphrase, protection },
  );
  const path = join(folder, 'made.p12');
  writeFileSync(path, der);
  return { der, leaf, path };
}

const newRsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const newEc = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

describe.each<Pkcs12Protection>([
  'aes256',
  'tripleDes',
])('a PKCS #12 file with %s (RFC 7292)', (protection) => {
  it.each<[string, () => KeyObject]>([
    ['RSA', newRsa],
    ['EC', newEc],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
  ])('of an %s key yields the key, its certificate and the chain in OpenSSL', (_, newKey) => {
    const key = newKey();
    const { leaf, path } = made(key, protection);
    const text = openssl('pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, '-nodes');
    const read = createPrivateKey(text.slice(text.indexOf('-----BEGIN PRIVATE KEY')));
    expect(read.equals(key)).toBe(true);
    expect(fromPem('CERTIFICATE', text)).toEqual([leaf, root]);
    expect(text).toContain('friendlyName: alice');
    const [one, other] = text.match(/localKeyID: .*/g) ?? [];
    expect(one).toBe(other);
  });

  it('is refused by OpenSSL with another passphrase, and with one bit changed', () => {
    const { der, path } = made(newEc(), protection);
    const read = () => openssl('pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, '-nodes');
    expect(() => openssl('pkcs12', '-in', path, '-passin', 'pass:wrong', '-nodes')).toThrow(
      /invalid password/,
    );
    expect(read()).toContain('PRIVATE KEY');
    const at = der.length >> 1;
    der[at] = (der[at] ?? 0) ^ 1;
    writeFileSync(path, der);
    expect(read).toThrow();
  });
});

describe('a PKCS #12 file', () => {
  it('is encrypted with the algorithm it names (RFC 8018 §6.2)', () => {
    const { path } = made(newEc(), 'aes256');
    const info = (args: string[]) => {
      const told = ['pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, '-info', '-noout', ...args];
      return execFileSync('sh', ['-c', 'exec openssl "$@" 2>&1', 'sh', ...told], { encoding: 'utf8' });
    };
    expect(info([])).toMatch(/MAC: sha256, Iteration 50000/);
    expect(info([]).match(/PBES2, PBKDF2, AES-256-CBC, Iteration 50000, PRF hmacWithSHA256/g)).toHaveLength(
      2,
    );
  });

  it('is read by another library', async () => {
    const { der } = made(newEc(), 'aes256');
    const pfx = pkijs.PFX.fromBER(new Uint8Array(der));
    const password = new TextEncoder().encode(PASSPHRASE).buffer as ArrayBuffer;
    await pfx.parseInternalValues({ password, checkIntegrity: true });
    const safe = pfx.parsedValue?.authenticatedSafe;
    await safe?.parseInternalValues({ safeContents: [{ password }, {}] });
    const bags = safe?.parsedValue.safeContents.map(
      ({ value }: { value: pkijs.SafeContents }) => value.safeBags.length,
    );
    expect(bags).toEqual([2, 1]);
  });

  it('is never the same twice: salts and initialisation vectors are fresh', () => {
    const key = newEc();
    expect(made(key, 'aes256').der.equals(made(key, 'aes256').der)).toBe(false);
  });

  it.each([
    '',
    'schön',
    'a\nb',
    'a\0b',
  ])('is not made with the passphrase %j, which programs interpret differently', (bad) => {
    expect(() => made(newEc(), 'aes256', bad)).toThrow(/passphrase/);
  });
});
