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

  /** A device whose certificate a factory of the maker signed: the chain in PEM, leaf first. */
  async function fromFactory(commonName: string): Promise<{ key: string; chain: [string, string] }> {
    await est.write('maker.key', maker.rootKey);
    await est.write('maker.crt', maker.root);
    await est.write('ca.ext', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n');
    const factory = await est.device('/CN=Maker Factory 1');
    const own = await est.device(`/CN=${commonName}`);
    const sign = (name: string, ca: string, key: string, ...more: string[]) => {
      const issuer = ['-CA', ca, '-CAkey', key, '-CAcreateserial'];
      const files = ['-in', `${name}.der`, '-out', `${name}.crt`];
      return est.openssl('x509', '-req', '-inform', 'DER', ...files, ...issuer, '-days', '9', ...more);
    };
    await sign(factory.name, 'maker.crt', 'maker.key', '-extfile', 'ca.ext');
    await sign(own.name, `${factory.name}.crt`, factory.key);
    const [key = '', leaf = '', above = ''] = await Promise.all(
      [own.key, `${own.name}.crt`, `${factory.name}.crt`].map((name) => readFile(est.file(name), 'utf8')),
    );
    return { key, chain: [leaf, above] };
  }
  const enrolment = async (cn: string) => {
    const body = await readFile(est.file((await est.device(`/CN=${cn}`)).csr), 'utf8');
    const head = `Host: localhost\r\nContent-Type: application/pkcs10\r\nContent-Length: ${body.length}`;
    return `POST /.well-known/est/simpleenroll HTTP/1.1\r\n${head}\r\n\r\n${body}`;
  };

  it('is known in a resumed session too, where the certificates above its own are not sent again', async () => {
    await est.seedOf('sn-1005.example.test');
    const { key, chain } = await fromFactory('SN-1005');
    const as = { key, cert: chain.join('') };
    const first = await est.ra.connect(as);
    const ticket = new Promise<Buffer>((resolve) => first.socket.once('session', resolve));
    const get = await first.raw('GET /.well-known/est/cacerts HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(get.status).toBe(200);
    const resumed = await est.ra.connect({ ...as, session: await ticket });
    expect(resumed.socket.isSessionReused()).toBe(true);
    const answer = await resumed.raw(await enrolment('sn-1005.example.test'));
    expect([answer.status, answer.headers['content-type']]).toEqual([
      200,
      expect.stringContaining('certs-only'),
    ]);
  });
});
