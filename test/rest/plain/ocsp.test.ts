import { describe, expect, it } from 'vitest';
import { CaLacksTask, CaUnavailable } from '../../../src/model/ca.js';
import { OCSP_PATH, plainRoutes } from '../../../src/rest/plain/routes.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { ocspStatus, readOcsp } from '../../support/ocsp.js';
import { listen, standInCa } from '../harness.js';
import { asked, inUrl, issue, issuer, OCSP_TYPE, ra, requestFor, send, statusIn } from './harness.js';

describe.each([
  OCSP_PATH,
  '/api/v1/public/ocsp',
  '/api/v1/ocsp',
])('OCSP at %s (RFC 6960 appendix A)', (path) => {
  it('by POST answers with the current status and the nonce, and must not be cached', async () => {
    const { serial, name } = await issue();
    const nonce = Buffer.from('0123456789abcdef');
    const post = () => send(path, { method: 'POST', headers: OCSP_TYPE, body: requestFor(serial, nonce) });
    const good = await post();
    expect(good.status).toBe(200);
    expect(good.headers).toMatchObject({
      'content-type': 'application/ocsp-response',
      'cache-control': 'no-store',
    });
    expect(readOcsp(good.body, issuer)).toMatchObject({
      nonce: nonce.toString('hex'),
      answers: [{ serial, status: 'good' }],
    });
    await ra.call('revoke', { dn: name, reason: 'superseded' });
    expect(readOcsp((await post()).body, issuer).answers).toMatchObject([{ status: 'revoked', reason: 4 }]);
  });

  it('says keyCompromise also of a certificate that was revoked for another reason, since the same time', async () => {
    const { serial, name } = await issue();
    const answers = async () =>
      readOcsp((await send(`${path}/${inUrl(requestFor(serial))}`)).body, issuer).answers;
    await ra.call('revoke', { dn: name, reason: 'superseded' });
    const [superseded] = await answers();
    await ra.call('revoke', { dn: name, reason: 'keyCompromise' });
    expect(await answers()).toMatchObject([
      { status: 'revoked', reason: 1, revokedAt: superseded?.revokedAt },
    ]);
    const crl = await send('/api/v1/public/crl');
    expect(parseCrl(crl.body).entries.find((entry) => entry.serial === serial)?.reason).toBe(1);
    await ra.call('revoke', { dn: name, reason: 'cessationOfOperation' });
    expect((await answers())[0]?.reason).toBe(1);
  });

  it('by GET accepts base64 however clients escape it and proxies mangle it', async () => {
    const { serial } = await issue();
    let request = requestFor(serial);
    for (
      let n = 0;
      !/[/].*[+]|[+].*[/]/.test(request.toString('base64')) || request.length % 3 === 0;
      n += 1
    ) {
      request = requestFor(serial, Buffer.alloc(1 + (n % 32), n));
    }
    const base64 = request.toString('base64');
    const forms = {
      'escaped whole': encodeURIComponent(base64),
      'as it is': base64,
      'slashes only escaped': base64.replaceAll('/', '%2F'),
      'lower-case escapes': base64.replaceAll('/', '%2f').replaceAll('+', '%2b'),
      'without padding': base64.replaceAll('=', ''),
      'plus read as a space': base64.replaceAll('+', '%20'),
      'a slash more': `/${base64}`,
      'a query behind': `${base64}?x=1`,
    };
    const told: Record<string, unknown> = {};
    for (const [form, text] of Object.entries(forms)) {
      const { status, body } = await send(`${path}/${text}`);
      told[form] = [status, ocspStatus(body) === 0 && statusIn(body)];
    }
    expect(told).toEqual(Object.fromEntries(Object.keys(forms).map((form) => [form, [200, 'good']])));
  });

  it('by GET may be cached (RFC 5019 §6.2), and is 304 for a client that has it, until the status changes', async () => {
    const { serial, name } = await issue();
    const url = `${path}/${inUrl(requestFor(serial))}`;
    const first = await send(url);
    const { answers } = readOcsp(first.body, issuer);
    const { etag = '', expires, 'last-modified': modified, 'cache-control': cache } = first.headers;
    expect(etag).toMatch(/^"[0-9a-f]{40}"$/);
    expect(cache).toBe('max-age=300, public, no-transform, must-revalidate');
    expect(Date.parse(modified ?? '')).toBe(answers[0]?.thisUpdate);
    expect(Date.parse(expires ?? '')).toBe(answers[0]?.nextUpdate);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await send(url, { headers: { 'if-none-match': known } });
      expect([known, again.status, again.body.length, again.headers.etag]).toEqual([known, 304, 0, etag]);
    }
    const head = await send(url, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(first.body.length),
      0,
    ]);
    await ra.call('revoke', { dn: name, reason: 'certificateHold' });
    const changed = await send(url, { headers: { 'if-none-match': etag } });
    expect([changed.status, statusIn(changed.body)]).toEqual([200, 'revoked']);
    await ra.call('unrevoke', { dn: name });
    expect(
      statusIn((await send(url, { headers: { 'if-none-match': changed.headers.etag ?? '' } })).body),
    ).toBe('good');
  });

  it('by GET with a nonce must not be cached', async () => {
    const { serial } = await issue();
    const { headers, body } = await send(`${path}/${inUrl(requestFor(serial, Buffer.alloc(8, 1)))}`);
    expect([headers['cache-control'], headers.etag, statusIn(body)]).toEqual(['no-store', undefined, 'good']);
  });

  it('answers malformedRequest to anything but a request, and does not query the CA (RFC 6960 §2.3)', async () => {
    asked.length = 0;
    const wrong = [
      await send(path, { method: 'POST', headers: OCSP_TYPE, body: 'garbage' }),
      await send(path, { method: 'POST', headers: OCSP_TYPE, body: Buffer.alloc(10_000, 0x30) }),
      await send(path, { method: 'POST', headers: OCSP_TYPE, body: requestFor('10', Buffer.alloc(129)) }),
      await send(`${path}/not-base64!`),
      await send(`${path}/`),
      await send(`${path}/${inUrl(Buffer.from('garbage'))}`),
    ];
    for (const { status, headers, body } of wrong) {
      expect([status, headers['cache-control'], ocspStatus(body)]).toEqual([200, 'no-store', 1]);
    }
    expect(asked).toEqual([]);
  });

  it('refuses other media types, other methods and invalid URLs', async () => {
    const text = await send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body: 'x',
    });
    expect(text.status).toBe(415);
    const get = await send(path);
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    expect((await send(`${path}/%zz`)).status).toBe(400);
  });
});

describe('OCSP with a CA that does not answer', () => {
  it.each([
    ['is tryLater while it is away', new CaUnavailable('away'), 3, '5'],
    ['is unauthorized when it has no OCSP', new CaLacksTask('ocsp_respond'), 6, undefined],
  ])('%s (RFC 6960 §2.3)', async (_, error, status, retryAfter) => {
    const { ca } = await standInCa();
    const responder = {
      ocsp: async () => {
        throw error;
      },
    };
    const server = await listen((app) => app.register(plainRoutes, { ca, responder }));
    const response = await server.get(`${OCSP_PATH}/${inUrl(requestFor('10'))}`);
    await server.close();
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(response.headers.get('retry-after') ?? undefined).toBe(retryAfter);
    expect(ocspStatus(Buffer.from(await response.arrayBuffer()))).toBe(status);
    expect(server.errors).toEqual([]);
  });
});
