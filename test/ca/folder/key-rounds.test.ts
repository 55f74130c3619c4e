import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { generateKey, keyToPem } from '../../../src/ca/folder/keys.js';

it('a key at rest is behind 600,000 rounds of PBKDF2-SHA256, and OpenSSL opens it', async () => {
  const key = await generateKey({ type: 'ec', curve: 'P-256' });
  const pem = await keyToPem(key, 'pass phrase é');
  const structure = execFileSync('openssl', ['asn1parse'], { input: pem, encoding: 'utf8' });
  expect(structure).toMatch(/PBKDF2/);
  expect(structure).toMatch(/hmacWithSHA256/);
  expect(structure).toMatch(/INTEGER +:0927C0/); // 600,000
  expect(createPrivateKey({ key: pem, passphrase: 'pass phrase é' }).equals(key)).toBe(true);
  expect(() => createPrivateKey({ key: pem, passphrase: 'another' })).toThrow();
});
