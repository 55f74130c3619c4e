import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../src/lib/time.js';
import { CaUnavailable } from '../../src/model/ca.js';
import { requestPem } from '../support/requests.js';
import { EstWorld } from './est-world.js';

const sensor =
  'duration: 6\nkeyTypes: [RSA]\nkeyUsage: [digitalSignature]\nextendedKeyUsage: [clientAuth, serverAuth]\n';
const est = new EstWorld({ profiles: { sensor } });
beforeAll(() => est.start());
afterEach(() => est.heal());
afterAll(() => est.close());

describe('RFC 7030 simpleenroll', () => {
  it('a node gets its registered names and the chain by its name and seed', async () => {
    const seed = await est.seedOf('cam1.example.test');
    const { csr, key } = await est.device('/CN=cam1.example.test');
    const answer = await est.post('simpleenroll', csr, '-u', `cam1.example.test:${seed}`);
    expect(answer.status).toBe(200);
    expect(answer.head).toContain('application/pkcs7-mime; smime-type=certs-only');
    expect(answer.head).toContain('content-transfer-encoding: base64');
    const [leaf] = await est.certificatesIn(answer.body);
    expect(leaf?.subjectAltName).toBe('DNS:cam1.example.test');
    expect(leaf?.publicKey.export({ type: 'spki', format: 'pem' })).toBe(
      (await est.openssl('pkey', '-in', key, '-pubout')).stdout,
    );
    const again = await est.post('simpleenroll', csr, '-u', `CAM1.example.test:${seed}`);
    expect(again.body).toBe(answer.body);
    const { csr: other } = await est.device('/CN=cam1.example.test');
    expect((await est.post('simpleenroll', other, '-u', `cam1.example.test:${seed}`)).status).toBe(401);
  });

  it('a node may use only the label of its profile', async () => {
    const seed = await est.seedOf('cam2.example.test');
    const { csr } = await est.device('/CN=cam2.example.test');
    const refused = await est.post('server/simpleenroll', csr, '-u', `cam2.example.test:${seed}`);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('webapp');
    expect((await est.post('webapp/simpleenroll', csr, '-u', `cam2.example.test:${seed}`)).status).toBe(200);
  });

  it('a key of a kind the profile does not take is refused, and does not spend the seed', async () => {
    const seed = await est.seedOf('cam7.example.test', 'sensor');
    const user = ['-u', `cam7.example.test:${seed}`];
    const { csr } = await est.device('/CN=cam7.example.test');
    const refused = await est.post('simpleenroll', csr, ...user);
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('RSA');
    const rsa = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'rsa.key', '-subj', '/CN=cam7.example.test'];
    await est.openssl('req', '-new', ...rsa, '-outform', 'DER', '-out', 'rsa.der');
    await est.openssl('base64', '-in', 'rsa.der', '-out', 'rsa.b64');
    expect((await est.post('simpleenroll', 'rsa.b64', ...user)).status).toBe(200);
    const sign = (csrPem: string) => est.ra.tasks.call('sign', { csr: csrPem, profile: 'sensor' });
    await expect(sign(requestPem(['x.example.test']))).rejects.toMatchObject({ kind: 'badCSR' });
  });

  it('header names have the usual capitals, because libest compares them case-sensitively', async () => {
    const { csr } = await est.device('/CN=nobody.plant.test');
    const body = ['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${csr}`];
    for (const [path, more, names] of [
      ['cacerts', [], ['Content-Type', 'Content-Length', 'Content-Transfer-Encoding']],
      ['simpleenroll', body, ['WWW-Authenticate', 'Content-Length']],
    ] as const) {
      const stdout = await est.transcript(path, ...more);
      for (const name of names) expect(stdout).toMatch(new RegExp(`^${name}: `, 'm'));
    }
  });

  it('wrong, foreign or missing credentials are 401 with an explanation', async () => {
    const seed = await est.seedOf('cam3.example.test');
    const { csr } = await est.device('/CN=cam3.example.test');
    for (const user of [
      ['-u', 'cam3.example.test:wrong'],
      ['-u', `cam1.example.test:${seed}`],
      ['-u', `:${seed}`],
      [],
    ]) {
      const { status, head, body } = await est.post('simpleenroll', csr, ...user);
      expect({ status, user }).toEqual({ status: 401, user });
      expect(head).toContain('www-authenticate: basic realm=');
      expect(head).toContain('text/plain');
      expect(body).not.toContain(seed);
    }
  });

  it('unregistered names, an expired seed, and an invalid request are refused', async () => {
    const seed = await est.seedOf('cam4.example.test');
    const user = ['-u', `cam4.example.test:${seed}`];
    const { csr } = await est.device('/CN=cam4.example.test', 'DNS:evil.example.test');
    expect((await est.post('simpleenroll', csr, ...user)).status).toBe(403);
    await est.write('junk', 'not base64!');
    expect((await est.post('simpleenroll', 'junk', ...user)).status).toBe(400);
    const json = ['-H', 'Content-Type: application/json', '--data-binary', '{}'];
    expect((await est.curl('simpleenroll', ...json, ...user)).status).toBe(415);
    const good = await est.device('/CN=cam4.example.test');
    est.ra.time.offset = 25 * HOUR;
    expect((await est.post('simpleenroll', good.csr, ...user)).status).toBe(401);
  });

  it('a request is 202 with Retry-After while the CA is unreachable, and gets the certificate afterwards', async () => {
    const seed = await est.seedOf('cam5.example.test');
    const user = ['-u', `cam5.example.test:${seed}`];
    const { csr } = await est.device('/CN=cam5.example.test');
    est.ra.faults.enroll = async () => {
      throw new CaUnavailable('away');
    };
    const waiting = await est.post('simpleenroll', csr, ...user);
    expect(waiting.status).toBe(202);
    expect(waiting.head).toMatch(/retry-after: \d+/);
    delete est.ra.faults.enroll;
    expect((await est.post('simpleenroll', csr, ...user)).status).toBe(200);
  });

  it('every enrolment is in the audit log, without the seed', async () => {
    const seed = await est.seedOf('cam6.example.test');
    const { csr } = await est.device('/CN=cam6.example.test');
    await est.post('simpleenroll', csr, '-u', `cam6.example.test:${seed}`);
    const page = await est.ra.store.readAudit({ after: null, limit: 1000 });
    const text = JSON.stringify(page);
    expect(text).toContain('POST /.well-known/est/simpleenroll');
    expect(text).toContain('node cam6.example.test');
    expect(text).not.toContain(seed);
  });
});
