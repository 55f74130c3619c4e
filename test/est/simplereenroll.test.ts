import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CaUnavailable } from '../../src/model/ca.js';
import { EstWorld } from './est-world.js';

const est = new EstWorld();
beforeAll(() => est.start());
afterEach(() => est.heal());
afterAll(() => est.close());

describe('RFC 7030 simplereenroll', () => {
  it.each([
    'simplereenroll',
    'simpleenroll',
  ])('%s by the certificate: the same names for a new key', async (operation) => {
    const cn = `${operation}.example.test`;
    const { as, serial } = await est.enrolled(cn);
    const { csr } = await est.device(`/CN=${cn}`, `DNS:${cn}`);
    const answer = await est.post(operation, csr, ...as);
    expect(answer.status).toBe(200);
    const [leaf] = await est.certificatesIn(answer.body);
    expect(leaf?.subjectAltName).toBe(`DNS:${cn}`);
    expect(leaf?.serialNumber.toLowerCase()).not.toBe(serial);
  });

  it('needs a good certificate, and the same names', async () => {
    const { as, key, cert } = await est.enrolled('r3.example.test');
    const { csr } = await est.device('/CN=r3.example.test');
    expect((await est.post('simplereenroll', csr)).status).toBe(401);
    const { csr: more } = await est.device(
      '/CN=r3.example.test',
      'DNS:r3.example.test,DNS:evil.example.test',
    );
    expect((await est.post('simplereenroll', more, ...as)).status).toBe(403);
    expect((await est.ra.ask('/client/revoke', { key, cert }, { method: 'POST', body: {} })).status).toBe(
      200,
    );
    expect((await est.post('simplereenroll', csr, ...as)).status).toBe(403);
  });

  it.each([
    ['another common name', '/CN=evil.example.test', ''],
    ['another common name beside its own names', '/CN=evil.example.test', 'DNS:NAME'],
    ['an organization for the common name', '/CN=Evil/O=Evil', ''],
  ])('refuses a request with %s (§4.2.2)', async (_, subject, san) => {
    const cn = `other${subject.length + san.length}.example.test`;
    const { as } = await est.enrolled(cn);
    const { csr } = await est.device(subject, san ? san.replace('NAME', cn) : undefined);
    for (const path of ['simplereenroll', 'simpleenroll', 'webapp/simplereenroll']) {
      const { status, body } = await est.post(path, csr, ...as);
      expect([path, status, body]).toEqual([path, 403, expect.stringMatching(/common name evil/i)]);
    }
  });

  it('accepts a common name in any case, and none', async () => {
    const { as } = await est.enrolled('r6.example.test');
    for (const subject of ['/CN=R6.Example.TEST', '/O=Plant', '/']) {
      const { csr } = await est.device(subject);
      expect([subject, (await est.post('simplereenroll', csr, ...as)).status]).toEqual([subject, 200]);
    }
  });

  it('accepts the name of the node that its certificate lacks, as the first request may have it', async () => {
    const { seed } = await est.ra.register({ cn: 'press-7', profile: 'webapp', names: ['r7.example.test'] });
    const { csr, key } = await est.device('/CN=press-7');
    const [leaf] = await est.certificatesIn(
      (await est.post('simpleenroll', csr, '-u', `press-7:${seed}`)).body,
    );
    expect(leaf?.subject).not.toContain('press-7');
    await est.write('r7.crt', leaf?.toString() ?? '');
    const { csr: next } = await est.device('/CN=press-7');
    expect((await est.post('simplereenroll', next, '--cert', 'r7.crt', '--key', key)).status).toBe(200);
  });

  it.each(['simplereenroll', 'simpleenroll'])('%s has the profile of the certificate', async (operation) => {
    const { as } = await est.enrolled(`profile-${operation}.example.test`);
    const { csr } = await est.device(`/CN=profile-${operation}.example.test`);
    for (const other of ['server', 'nope']) {
      const { status, body } = await est.post(`${other}/${operation}`, csr, ...as);
      expect([other, status, body]).toEqual([other, 403, expect.stringContaining('profile "webapp"')]);
    }
    expect((await est.post(`webapp/${operation}`, csr, ...as)).status).toBe(200);
  });

  it('is 202 with Retry-After while the CA is unreachable', async () => {
    const { as } = await est.enrolled('r4.example.test');
    const { csr } = await est.device('/CN=r4.example.test');
    est.ra.faults.reissue = async () => {
      throw new CaUnavailable('away');
    };
    const { status, head } = await est.post('simplereenroll', csr, ...as);
    expect({ status, told: head.includes('retry-after: ') }).toEqual({ status: 202, told: true });
  });
});
