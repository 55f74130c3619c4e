import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caPaths, InitError, initCaFiles, loadCaFiles } from '../../../src/ca/folder/files.js';
import { createRoot } from '../../../src/ca/folder/issuer-certificates.js';
import { KeyFileError, keyToPem, publicKeyDer } from '../../../src/ca/folder/keys.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { dn, formatDn } from '../../../src/x509/name.js';
import { toPem } from '../../../src/x509/pem.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { newKey } from '../../support/requests.js';
import { initOptions } from '../../support/world/ca.js';
import { openssl, opensslRoot } from '../openssl-root.js';

async function contents(directory: string): Promise<Record<string, string>> {
  const files = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(files.map(async ({ name }) => [name, await readFile(join(directory, name), 'utf8')])),
  );
}

const load = (dataDir: string, passphrase: string | null = null) =>
  loadCaFiles({ dataDir, passphrase, seed: null });

describe('initialising a CA', () => {
  it('makes a root and an issuer that openssl verifies, and keeps secrets to their owner', async () => {
    const directory = join(newFolder(), 'ca');
    await initCaFiles(initOptions(directory));
    const { root, issuer } = caPaths(directory);
    expect(execFileSync('openssl', ['verify', '-CAfile', root, issuer], { encoding: 'utf8' })).toContain(
      'OK',
    );
    for (const secret of ['ca.key', 'issuer.key', 'channel.key', 'seed']) {
      expect((await stat(join(directory, secret))).mode & 0o777, secret).toBe(0o600);
    }
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'private'))).mode & 0o777).toBe(0o700);
  });

  it('makes a random seed of 256 bits when none is given', async () => {
    const seeds = await Promise.all(
      [newFolder(), newFolder()].map(async (directory) => {
        await initCaFiles(initOptions(directory, { seed: null }));
        return (await load(directory)).seed;
      }),
    );
    expect(seeds[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(seeds[0]).not.toBe(seeds[1]);
  });

  it('changes nothing when repeated, whatever the options', async () => {
    const directory = newFolder();
    await initCaFiles(initOptions(directory));
    const before = await contents(directory);
    await initCaFiles(initOptions(directory, { company: 'Other', keyType: 'rsa', seed: 'other' }));
    expect(await contents(directory)).toEqual(before);
  });

  it('completes a CA that was interrupted after any step, and keeps every existing key', async () => {
    const order = ['ca.key', 'ca.crt', 'issuer.key', 'issuer.crt', 'channel.key', 'seed'];
    for (let kept = 0; kept < order.length; kept++) {
      const directory = newFolder();
      await initCaFiles(initOptions(directory));
      const before = await contents(directory);
      for (const name of [...order.slice(kept), 'identity.json']) await rm(join(directory, name));
      await writeFile(join(directory, `${order[kept]}.partial`), 'half a fi');
      await expect(load(directory)).rejects.toBeInstanceOf(InitError);
      await initCaFiles(initOptions(directory));
      const after = await contents(directory);
      for (const name of order.slice(0, kept)) expect(after[name], name).toBe(before[name]);
      await expect(load(directory)).resolves.toBeDefined();
    }
  });

  it('works without the root key once the issuer is made', async () => {
    const directory = newFolder();
    await initCaFiles(initOptions(directory));
    await rm(caPaths(directory).rootKey);
    await initCaFiles(initOptions(directory));
    await expect(load(directory)).resolves.toBeDefined();
    await rm(caPaths(directory).issuer);
    await expect(initCaFiles(initOptions(directory))).rejects.toThrow(/issuer\.crt is missing/);
    await rm(caPaths(directory).marker);
    await expect(initCaFiles(initOptions(directory))).rejects.toThrow(/ca\.key and .*ca\.crt are needed/);
  });

  it('encrypts keys at rest when a passphrase is given, and reports a missing or wrong one', async () => {
    const directory = newFolder();
    await initCaFiles(initOptions(directory, { passphrase: 'correct' }));
    for (const name of ['ca.key', 'issuer.key']) {
      expect(await readFile(join(directory, name), 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
    }
    await expect(load(directory, 'correct')).resolves.toBeDefined();
    await expect(load(directory, 'wrong')).rejects.toBeInstanceOf(KeyFileError);
    await expect(load(directory)).rejects.toThrow(/no passphrase was given/);
  });

  it('makes RSA keys on request', { timeout: 120_000 }, async () => {
    const directory = newFolder();
    await initCaFiles(initOptions(directory, { keyType: 'rsa' }));
    const { issuerKey } = await load(directory);
    expect(issuerKey.inFile?.asymmetricKeyDetails?.modulusLength).toBe(4096);
  });
});

describe('taking over an existing CA', () => {
  const oldRoot = async (constraints: string) => opensslRoot(newFolder(), constraints);

  it('puts an issuer of ours under an imported root with an encrypted key', async () => {
    const directory = newFolder();
    const imported = await oldRoot('CA:TRUE');
    await initCaFiles(initOptions(directory, { imported }));
    await initCaFiles(initOptions(directory, { imported }));
    const { root, issuer } = caPaths(directory);
    expect(openssl('verify', '-CAfile', root, issuer).toString()).toContain('OK');
    const files = await load(directory);
    expect(formatDn(parseCertificate(files.root).subject)).toBe('CN=Old Root,O=Old');
    expect(files.chain).not.toBe('');
  });

  it('issues from an imported root that may have no CA below it', async () => {
    const directory = newFolder();
    await initCaFiles(initOptions(directory, { imported: await oldRoot('CA:TRUE,pathlen:0') }));
    const files = await load(directory);
    expect(files.issuer).toEqual(files.root);
    expect(files.chain).toBe('');
  });

  it('refuses a wrong passphrase, a key of another certificate, a certificate that is not a CA’s, and a second CA', async () => {
    const [one, two, end] = [await oldRoot('CA:TRUE'), await oldRoot('CA:TRUE'), await oldRoot('CA:FALSE')];
    const directory = newFolder();
    const init = (imported: typeof one) => initCaFiles(initOptions(directory, { imported }));
    await expect(init({ ...one, passphrase: 'wrong' })).rejects.toBeInstanceOf(KeyFileError);
    await expect(init({ ...one, certFile: two.certFile })).rejects.toThrow(/not of the CA key/);
    await expect(init(end)).rejects.toThrow(/not a CA certificate/);
    await expect(load(directory)).rejects.toBeInstanceOf(InitError);
    await init(one);
    const before = await contents(directory);
    await expect(init(two)).rejects.toThrow(/initialised with another certificate/);
    expect(await contents(directory)).toEqual(before);
  });

  it('imports a subordinate CA when its root is in the same file', async () => {
    const existing = newFolder();
    await initCaFiles(initOptions(existing));
    const own = caPaths(existing);
    const source = newFolder();
    const certFile = join(source, 'chain.pem');
    const imported = { keyFile: own.issuerKey, certFile, passphrase: null };
    const directory = newFolder();
    const rootPem = await readFile(own.root, 'utf8');
    const issuerPem = await readFile(own.issuer, 'utf8');
    await writeFile(certFile, issuerPem);
    await expect(initCaFiles(initOptions(directory, { imported }))).rejects.toThrow(/holds no root/);
    await writeFile(certFile, issuerPem + rootPem);
    await initCaFiles(initOptions(directory, { imported }));
    const files = await load(directory);
    expect(toPem('CERTIFICATE', files.root)).toBe(rootPem);
    expect(files.chain).toBe(issuerPem);
    await expect(stat(caPaths(directory).rootKey)).rejects.toThrow();
  });

  it('refuses an expired certificate', async () => {
    const source = newFolder();
    const key = newKey();
    const [keyFile, certFile] = [join(source, 'k.pem'), join(source, 'c.pem')];
    const ended = await createRoot(
      {
        spki: publicKeyDer(key),
        subject: dn(['CN', 'Ended']),
        serial: '11'.repeat(17),
        notBefore: 0,
        notAfter: 1000,
      },
      signerFor(key),
    );
    await writeFile(keyFile, await keyToPem(key, null));
    await writeFile(certFile, toPem('CERTIFICATE', ended));
    const imported = { keyFile, certFile, passphrase: null };
    await expect(initCaFiles(initOptions(newFolder(), { imported }))).rejects.toThrow(/not valid now/);
  });
});
