import { execFileSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, keyToPem } from '../../../src/ca/folder/keys.js';
import { isWeaklyWrapped, rewrapCaKeys, rewrapNodeKeys } from '../../../src/ca/folder/rewrap.js';
import { newFolder } from '../../../tools/kit/folder.js';

const passphrase = 'an old passphrase';
let key: KeyObject;
let folder: string;
const logged: string[] = [];
const log = {
  info: (_: object, message: string) => logged.push(message),
  warn: (_: object, message: string) => logged.push(message),
};

/** As an older uPKI, and OpenSSL by default, wrote keys: 2,048 rounds. */
const weak = (given = passphrase) =>
  key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: given }).toString();
const openssl = (...options: string[]) =>
  execFileSync('openssl', ['pkcs8', '-topk8', '-passout', `pass:${passphrase}`, ...options], {
    input: key.export({ type: 'pkcs8', format: 'pem' }),
    encoding: 'utf8',
  });

beforeAll(async () => {
  key = await generateKey({ type: 'ec', curve: 'P-256' });
  folder = newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('keys encrypted with too few rounds', () => {
  it('is recognised from the file, whatever program wrote it', async () => {
    expect(isWeaklyWrapped(weak())).toBe(true);
    expect(isWeaklyWrapped(openssl('-v2', 'aes256', '-iter', '599999'))).toBe(true);
    expect(isWeaklyWrapped(openssl('-v2', 'aes256', '-v2prf', 'hmacWithSHA1', '-iter', '900000'))).toBe(true);
    const rfc1421 = execFileSync('openssl', ['ec', '-aes256', '-passout', `pass:${passphrase}`], {
      input: key.export({ type: 'sec1', format: 'pem' }),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect(rfc1421).toContain('ENCRYPTED');
    expect(isWeaklyWrapped(rfc1421)).toBe(true);

    expect(isWeaklyWrapped(await keyToPem(key, passphrase))).toBe(false);
    expect(isWeaklyWrapped(openssl('-scrypt'))).toBe(false);
    expect(isWeaklyWrapped(await keyToPem(key, null))).toBe(false);
    expect(isWeaklyWrapped('no key at all')).toBe(false);
  });
});

describe('old keys are encrypted again at start', () => {
  const at = (name: string) => join(folder, name);
  const opens = (pem: string, given = passphrase) =>
    createPrivateKey({ key: pem, passphrase: given }).equals(key);

  it('works in place, readable by the owner only, and keeps a certificate in the same file', async () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    await writeFile(at('ca.key'), weak(), { mode: 0o600 });
    await writeFile(at('issuer.key'), weak('somebody else’s'), { mode: 0o600 });
    await writeFile(at('ocsp.pem'), weak() + certificate, { mode: 0o600 });
    await mkdir(at('issuers'));
    await writeFile(at('issuers/2.key'), weak(), { mode: 0o600 });
    // What a crash in the middle of an earlier attempt leaves.
    await writeFile(at('ca.key.new'), '-----BEGIN ENCR');
    await rewrapCaKeys({ dataDir: folder, passphrase, log });

    const root = await readFile(at('ca.key'), 'utf8');
    expect(isWeaklyWrapped(root)).toBe(false);
    expect(opens(root)).toBe(true);
    expect((await stat(at('ca.key'))).mode & 0o777).toBe(0o600);
    const ocsp = await readFile(at('ocsp.pem'), 'utf8');
    expect(isWeaklyWrapped(ocsp)).toBe(false);
    expect(opens(ocsp)).toBe(true);
    expect(ocsp.endsWith(certificate)).toBe(true);
    expect(await readdir(folder)).not.toContain('ca.key.new');
    expect(await readFile(at('issuers/2.key'), 'utf8')).not.toSatisfy(isWeaklyWrapped);
    // Of another passphrase: left as it is, and told.
    expect(await readFile(at('issuer.key'), 'utf8')).toSatisfy(isWeaklyWrapped);
    expect(logged.filter((line) => line.includes('stays encrypted'))).toHaveLength(1);

    const before = (await stat(at('ca.key'))).mtimeMs;
    await rewrapCaKeys({ dataDir: folder, passphrase, log });
    expect((await stat(at('ca.key'))).mtimeMs).toBe(before);
  });

  it('does nothing without the passphrase, or for a key that is not encrypted', async () => {
    const old = weak();
    await writeFile(at('ca.key'), old);
    await rewrapCaKeys({ dataDir: folder, passphrase: null, log });
    expect(await readFile(at('ca.key'), 'utf8')).toBe(old);
    const plain = await keyToPem(key, null);
    await writeFile(at('ca.key'), plain);
    await rewrapCaKeys({ dataDir: folder, passphrase, log });
    expect(await readFile(at('ca.key'), 'utf8')).toBe(plain);
  });

  it('includes keys that were made for nodes, one after another, until it is stopped', async () => {
    await mkdir(at('private'));
    const names = ['a.key', 'b.key', 'c.txt'];
    for (const name of names) await writeFile(at(`private/${name}`), weak());
    let asked = 0;
    expect(await rewrapNodeKeys({ dataDir: folder, passphrase, log }, () => asked++ === 0)).toBe(false);
    expect(await rewrapNodeKeys({ dataDir: folder, passphrase, log }, () => true)).toBe(true);
    const found = await Promise.all(names.map((name) => readFile(at(`private/${name}`), 'utf8')));
    expect(found.map(isWeaklyWrapped)).toEqual([false, false, true]);
  });
});
