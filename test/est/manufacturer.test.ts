import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki } from '../../tools/kit/test-pki.js';
import { EstWorld } from './est-world.js';

const maker = createTestPki();
const est = new EstWorld({ deviceTrust: maker.root });
beforeAll(() => est.start());
afterAll(() => est.close());

describe('a device with a certificate of its maker', () => {
  const held = (pki: typeof maker, commonName: string, name: string) =>
    est.heldBy(name, pki.leaf({ commonName, names: [] }));

  it('gets the certificate of its registered node once', async () => {
    await est.seedOf('sn-1001.example.test');
    const as = await held(maker, 'SN-1001', 'maker1');
    const { csr } = await est.device('/CN=sn-1001.example.test');
    const answer = await est.post('simpleenroll', csr, ...as);
    expect(answer.status).toBe(200);
    expect((await est.certificatesIn(answer.body))[0]?.subjectAltName).toBe('DNS:sn-1001.example.test');
    const { csr: second } = await est.device('/CN=sn-1001.example.test');
    expect((await est.post('simpleenroll', second, ...as)).status).toBe(401);
  });

  it('gets nothing for another device, without a node, or with an untrusted manufacturer', async () => {
    await est.seedOf('sn-1002.example.test');
    const { csr } = await est.device('/CN=sn-1002.example.test');
    expect((await est.post('simpleenroll', csr, ...(await held(maker, 'SN-1003', 'maker2')))).status).toBe(
      403,
    );
    const stranger = await held(createTestPki(), 'SN-1002', 'maker3');
    expect((await est.post('simpleenroll', csr, ...stranger)).status).toBe(401);
    const { csr: nobody } = await est.device('/CN=sn-1003.example.test');
    expect((await est.post('simpleenroll', nobody, ...(await held(maker, 'SN-1003', 'maker4')))).status).toBe(
      403,
    );
  });

  it('cannot renew, and is unauthenticated for the rest of the RA', async () => {
    const as = await held(maker, 'SN-1004', 'maker5');
    const { csr } = await est.device('/CN=sn-1004.example.test');
    expect((await est.post('simplereenroll', csr, ...as)).status).toBe(401);
    const [key, cert] = await Promise.all([
      readFile(est.file('maker5.key'), 'utf8'),
      readFile(est.file('maker5.crt'), 'utf8'),
    ]);
    expect((await est.ra.ask('/client/certificate', { key, cert })).status).toBe(401);
  });
});
