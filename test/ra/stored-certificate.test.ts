import { X509Certificate } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import type { Certificate } from '../../src/model/facts.js';
import { StoredCertificates } from '../../src/ra/stored-certificate.js';
import { StoreRefused } from '../../src/store/contract/errors.js';
import { certificateFingerprint } from '../../src/x509/certificate.js';
import { aCertificate, anAccount, anOrder } from '../../tools/kit/facts.js';
import { createTestPki } from '../../tools/kit/test-pki.js';

let leaf: string;
let above: string;
let other: string;
beforeAll(() => {
  const pki = createTestPki();
  leaf = pki.leaf({ commonName: 'a.test', names: ['a.test'] }).cert;
  above = pki.root;
  other = createTestPki().root;
});

const stored = (chain: string): Certificate => ({
  ...aCertificate(anOrder(anAccount())),
  chain,
  fingerprint: certificateFingerprint(new X509Certificate(leaf).raw),
});
const damaged = (pem: string) => pem.replace(/[A-Z](?=[^-]{200})/, (letter) => (letter === 'A' ? 'B' : 'A'));

it.each([
  ['a leaf and its issuer', () => leaf + above],
  ['a leaf alone', () => leaf],
  ['a leaf without a line end', () => leaf.trimEnd()],
  ['lines that end with CR LF', () => (leaf + above).replaceAll('\n', '\r\n')],
])('an intact chain is returned: %s', (_, chain) => {
  const certificates = new StoredCertificates();
  expect(certificates.asIssued(stored(chain())).chain).toBe(chain());
});

it.each([
  ['a changed leaf', () => damaged(leaf) + above],
  ['a leaf without its last line', () => leaf.replace(/-----END.*\n/, '')],
  ['an issuer that did not sign the leaf', () => leaf + other],
  ['a changed issuer', () => leaf + damaged(above)],
  ['a leaf twice', () => leaf + leaf],
  ['nothing', () => ''],
])('a chain is refused that has %s, also when the right one was verified before', (_, chain) => {
  const certificates = new StoredCertificates();
  certificates.asIssued(stored(leaf + above));
  expect(() => certificates.asIssued(stored(chain()))).toThrow(StoreRefused);
});
