import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { parseCertificate, subjectAltNames } from '../../../src/x509/certificate.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

const world = new CaWorld();
let ra: TaskClient<typeof operations>;
beforeAll(async () => {
  await world.start();
  ra = await world.registered();
});
afterAll(() => world.close());

const leaf = (pem: string) => parseCertificate(firstFromPem('CERTIFICATE', pem));
const sans = [{ type: 'IP' as const, value: '192.0.2.9' }];
const registered = { cn: 'node.example.test', sans, profile: 'webapp' };

describe('enroll', () => {
  it('certifies the key of the CSR for the registered names, and ignores the rest of the CSR', async () => {
    const key = newKey();
    const csr = requestPem(['evil.example.test', '*.evil.example.test'], { key });
    const { certificate, chain, serial } = await ra.call('enroll', { request_id: 'a', csr, ...registered });
    const made = leaf(certificate);
    expect(made.serial).toBe(serial);
    expect(subjectAltNames(made)).toEqual([
      { type: 'dns', value: 'node.example.test' },
      { type: 'ip', value: '192.0.2.9' },
    ]);
    expect(made.commonName).toBe('node.example.test');
    expect(leaf(chain).subjectDer).toBeDefined();
    await expect(ra.call('view', { dn: BigInt(`0x${serial}`) })).resolves.toMatchObject({
      profile: 'webapp',
    });
  });

  it('returns the same certificate for the same request: concurrent, repeated, and after a restart', async () => {
    const request = { request_id: 'b', csr: requestPem([], { key: newKey(), cn: 'x' }), ...registered };
    const at = await Promise.all([1, 2, 3].map(() => ra.call('enroll', request)));
    await world.stop();
    await world.start();
    ra = await world.registered('ra2.example.test');
    const after = await ra.call('enroll', request);
    expect(new Set([...at, after].map(({ serial }) => serial)).size).toBe(1);
  });

  it('refuses a request id that was used for another key or other names', async () => {
    const key = newKey();
    const csr = requestPem(['node.example.test'], { key });
    await ra.call('enroll', { request_id: 'c', csr, ...registered });
    const other = requestPem(['node.example.test']);
    await expect(ra.call('enroll', { request_id: 'c', csr: other, ...registered })).rejects.toMatchObject({
      kind: 'badCSR',
    });
    await expect(
      ra.call('enroll', { request_id: 'c', csr, ...registered, cn: 'two.example.test' }),
    ).rejects.toMatchObject({ kind: 'badCSR' });
    await ra.call('enroll', { request_id: 'd', csr, cn: 'Ada', profile: 'user' });
    await expect(
      ra.call('enroll', { request_id: 'd', csr, cn: 'Bob', profile: 'user' }),
    ).rejects.toMatchObject({ kind: 'badCSR' });
  });

  it.each(['ca', 'ra', 'admin', 'none'])('issues nothing with profile %s', async (profile) => {
    const csr = requestPem(['node.example.test']);
    await expect(
      ra.call('enroll', { request_id: profile, csr, ...registered, profile }),
    ).rejects.toMatchObject({
      code: 500,
    });
  });

  it('refuses invalid names and an unreadable CSR', async () => {
    const csr = requestPem(['node.example.test']);
    await expect(
      ra.call('enroll', { request_id: 'e', csr, ...registered, cn: 'no host' }),
    ).rejects.toMatchObject({ kind: 'rejectedIdentifier' });
    await expect(
      ra.call('enroll', { request_id: 'e', csr: 'nonsense', ...registered }),
    ).rejects.toMatchObject({ kind: 'badCSR' });
  });
});
