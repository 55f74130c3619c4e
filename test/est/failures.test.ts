import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/store/contract/errors.js';
import { EstWorld } from './est-world.js';

const est = new EstWorld();
beforeAll(() => est.start());
afterEach(() => est.heal());
afterAll(() => est.close());

it.each([
  ['Origin: https://evil.test'],
  ['Origin: null'],
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site'],
])('a page of another site enrols nobody with the certificate of its visitor: %s', async (header) => {
  const node = await est.ra.enrolled({ cn: `visitor${header.replace(/\W+/g, '-').toLowerCase()}.test` });
  const { csr } = await est.device('/CN=visitor');
  await est.write('visitor.pem', node.cert + node.key);
  for (const path of ['simpleenroll', 'simplereenroll']) {
    const { status } = await est.post(path, csr, '--cert', 'visitor.pem', '-H', header);
    expect([path, status]).toEqual([path, 403]);
    const form = ['-H', 'Content-Type: text/plain', '--data-binary', `@${csr}`, '--cert', 'visitor.pem'];
    expect((await est.curl(path, ...form)).status).toBe(415);
  }
});

describe('a failure is told in plain text (RFC 7030 §4.2.3)', () => {
  const pkcs10 = ['-H', 'Content-Type: application/pkcs10', '--data-binary'];
  it.each<[number, string, ...string[]]>([
    [404, ''],
    [404, 'serverkeygen', '-X', 'POST'],
    [404, 'fullcmc?x=1', '-X', 'POST'],
    [404, 'webapp/nothing/here'],
    [404, 'nope/csrattrs'],
    [405, 'simpleenroll'],
    [405, 'webapp/cacerts', '-X', 'PUT'],
    [400, 'simpleenroll', '-X', 'POST'],
    [400, 'simpleenroll', ...pkcs10, 'not base64!'],
    [400, '%zz'],
    [401, 'simplereenroll', ...pkcs10, '@good.b64'],
    [413, 'simpleenroll', ...pkcs10, '@large'],
    [415, 'simpleenroll', '--data-binary', '@good.b64'],
    [415, 'simpleenroll', '-H', 'Content-Encoding: gzip', ...pkcs10, '@good.b64.gz'],
  ])('%i at "%s"', async (status, path, ...args) => {
    await est.request('good', (await est.device('/CN=x')).key, '/CN=x');
    await est.write('good.b64.gz', gzipSync(await readFile(est.file('good.b64'))));
    await est.write('large', 'A'.repeat(300_000));
    const answer = await est.curl(path, ...args);
    expect(answer.status).toBe(status);
    expect(answer.head).toContain('content-type: text/plain; charset=utf-8');
    expect(answer.body).toMatch(/^[^{}\n]{10,200}\n$/);
    expect(/^allow: /m.test(answer.head)).toBe(status === 405);
  });

  it('500 and 503, which reveal nothing', async () => {
    const { as } = await est.enrolled('failing.example.test');
    const { csr } = await est.device('/CN=failing.example.test');
    for (const [error, status] of [
      [new Error('a secret'), 500],
      [new StoreUnavailable('a secret'), 503],
    ] as const) {
      est.ra.faults.reissue = () => Promise.reject(error);
      const answer = await est.post('simplereenroll', csr, ...as);
      expect(answer).toMatchObject({ status, head: expect.stringContaining('text/plain') });
      expect(answer.body).not.toContain('secret');
      expect(/^retry-after: \d+/m.test(answer.head)).toBe(status === 503);
    }
  });
});
