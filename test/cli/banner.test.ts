import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { banner, screen } from '../../src/cli/banner.js';
import { shellWord } from '../../src/lib/shell-word.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function greeting(rootPath: string) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await peculiar.X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const pem = `${root.toString('pem')}\n`;
  const serving = { directoryUrl: 'https://box:8000/acme/directory', rootPath, root: pem, open: true };
  const restricted = banner({ ...serving, open: false });
  return {
    pem,
    text: banner(serving),
    restricted,
    short: screen(serving),
    fingerprint: new X509Certificate(pem).fingerprint256,
  };
}

it('the greeting has the directory, the root and its fingerprint, and ends with the line that scripts wait for', async () => {
  const { text, fingerprint } = await greeting('/data/ra/ca.crt');
  expect(text).toContain('/data/ra/ca.crt\n');
  expect(text).toContain(fingerprint);
  expect(text.trimEnd().split('\n').at(-1)).toBe('uPKI is ready: https://box:8000/acme/directory');
});

it('the greeting has the fingerprint of each root while two are published', async () => {
  const [{ text, pem }, other] = [await greeting('/data/ra/ca.crt'), await greeting('/data/ra/ca.crt')];
  const both = banner({
    ...{ directoryUrl: 'https://box:8000/acme/directory', rootPath: '/data/ra/ca.crt', open: true },
    root: pem + other.pem,
  });
  expect(both.match(/^ {2}SHA-256 /gm)).toHaveLength(2);
  expect(both).toContain(`${other.fingerprint} (the next or the former root)`);
  expect(text.match(/^ {2}SHA-256 /gm)).toHaveLength(1);
});

it('the greeting warns when anyone may order any name, with the setting that restricts it', async () => {
  const { text, restricted } = await greeting('/data/ra/ca.crt');
  expect(text).toMatch(/Anybody who reaches port 8000 .*any name/);
  expect(text).toContain('UPKI_RA_ALLOW=');
  expect(restricted).not.toContain('Anybody');
});

it('the greeting at a terminal fits on one screen: directory, root, fingerprint, first certificate, further help', async () => {
  const { short, fingerprint } = await greeting('/data/ra/ca.crt');
  expect(short.split('\n').length).toBeLessThan(20);
  for (const part of ['/data/ra/ca.crt', fingerprint, 'lego run', 'upki clients', 'Anybody'])
    expect(short).toContain(part);
  expect(short.trimEnd().split('\n').at(-1)).toBe('uPKI is ready: https://box:8000/acme/directory');
});

it('the commands for each client have the directory and the root, even with spaces in its path', async () => {
  const { text } = await greeting("/my data/it's/ca.crt");
  const path = "'/my data/it'\\''s/ca.crt'";
  expect(text).toContain(`REQUESTS_CA_BUNDLE=${path} certbot`);
  expect(text).toContain(`LEGO_CA_CERTIFICATES=${path} lego run`);
  expect(text).toContain(`--ca-bundle ${path} `);
  expect(text).toContain(`ca_root "/my data/it's/ca.crt"`);
  expect(text).toContain(`LEGO_CA_CERTIFICATES=${path} traefik`);
});

it('no pasted command asks a question, or leaves a name to the server’s own local CA', async () => {
  const { text } = await greeting('/data/ra/ca.crt');
  expect(text).toContain('--agree-tos --no-eff-email');
  expect(text).toMatch(/app\.example\.internal \{\s+tls \{\s+ca https:\/\/box:8000\/acme\/directory\s/);
  expect(text).toContain("'--entrypoints.websecure.http.tls.domains[0].main=app.example.internal'");
});

it('any word is quoted safely for a shell', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (word) => {
      fc.pre(!word.includes('\0'));
      const said = execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' });
      expect(said).toBe(word);
    }),
    { numRuns: 30 },
  );
});
