import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { ChannelRefused } from '../../../src/channel/errors.js';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { CaLacksTask, CaUnavailable } from '../../../src/model/ca.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { restApi } from '../../../src/rest/index.js';
import { FIRST_CRL_PATH, OCSP_PATH, plainRoutes } from '../../../src/rest/plain/routes.js';
import { FileAnswer, publicRoute } from '../../../src/rest/route.js';
import { serveRoutes } from '../../../src/rest/serve.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { signingWorld } from '../../../tools/kit/signing-world.js';
import { certId, ocspRequest, ocspStatus, readOcsp } from '../../support/ocsp.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';
import { apiDefaults, listen, noAudit, noCa, standInCa } from '../harness.js';

/** A CA over ZeroMQ and both listeners of an RA before it. */
const world = new CaWorld();
let ra: TaskClient<typeof operations>;
let issuer: Buffer;
let https: Awaited<ReturnType<typeof listen>>;
let plain: Awaited<ReturnType<typeof listen>>;
const asked: string[] = [];

beforeAll(async () => {
  await world.start();
  ra = await world.registered();
  const client: Pick<TaskClient<typeof operations>, 'call'> = {
    call: (name, ...rest) => {
      asked.push(name);
      return ra.call(name, ...rest);
    },
  };
  const ca = new CaClient({ client });
  issuer = firstFromPem('CERTIFICATE', (await ca.caCertificates()).chain);
  https = await listen((app) => app.register(restApi, { prefix: '/api/v1', ...apiDefaults, ca }));
  plain = await listen((app) => app.register(plainRoutes, { ca, responder: ca }));
});
afterAll(async () => {
  await Promise.all([https.close(), plain.close()]);
  await world.close();
});

/** The path goes out as it is: `fetch` would normalise it. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const { port } = path.startsWith('/api/') ? https : plain;
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, agent: false, ...rest }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const OCSP_TYPE = { 'content-type': 'application/ocsp-request' };
const JSON_TYPE = { 'content-type': 'application/json' };
let count = 0;
const issue = async () => {
  const name = `n${count++}.example.test`;
  return { name, ...(await ra.call('sign', { csr: requestPem([name]) })) };
};
const requestFor = (serial: string, nonce?: Buffer) =>
  ocspRequest([certId(issuer, serial)], nonce ? { nonce } : {});
const statusIn = (response: Buffer) => readOcsp(response, issuer).answers[0]?.status;
const inUrl = (request: Buffer) => encodeURIComponent(request.toString('base64'));

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

describe.each(['/api/v1/public/ocsp', '/api/v1/ocsp'])('the JSON form at %s', (path) => {
  const ask = async (body: unknown) => {
    const answer = await send(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
    return { http: answer.status, ...JSON.parse(answer.body.toString()) };
  };

  it('answers by serial, in any notation, or by certificate', async () => {
    const { serial, certificate, name } = await issue();
    const forms = [
      { serial },
      { serial: `0x${serial.toUpperCase()}` },
      { serial: serial.replace(/..(?=.)/g, '$&:') },
      { serial: BigInt(`0x${serial}`).toString() },
      { certificate },
      { cert: certificate },
    ];
    for (const form of forms) {
      expect(await ask(form)).toEqual({
        http: 200,
        status: 'success',
        data: { status: 'good', serial, cn: name },
      });
    }
    await ra.call('revoke', { dn: name, reason: 'keyCompromise' });
    expect((await ask({ serial })).data).toEqual({
      ...{ status: 'revoked', serial, cn: name, revoke_reason: 'keyCompromise' },
      revoke_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect((await ask({ serial: 12345 })).data).toEqual({ status: 'unknown', serial: '3039' });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['nothing', {}, 'serial', /give one of "serial" and "certificate"/],
    ['two', { serial: '10', certificate: '' }, 'certificate', /./],
    ['a serial that a double would round', { serial: 2 ** 60 }, 'serial', /write it as text/],
    ['a serial that is none', { serial: 'xyz' }, 'serial', /is not a serial number/],
    ['serial 0', { serial: '0' }, 'serial', /is not a serial number/],
    ['a negative serial', { serial: -1 }, 'serial', /write it as text/],
    ['a certificate that is none', { certificate: 'x' }, 'certificate', /there is no CERTIFICATE/],
    ['something else', { serial: '10', name: 'x' }, 'name', /is not a body parameter/],
  ])('refuses %s and names the field', async (_, body, field, message) => {
    const { http, status, code, ...answer } = await ask(body);
    expect([http, status, code, answer.field]).toEqual([400, 'error', 'invalidRequest', field]);
    expect(answer.message).toMatch(message);
  });

  it.each([['[]'], ['"text"'], ['{"serial":'], ['']])('refuses the body %j', async (body) => {
    const answer = await send(path, { method: 'POST', headers: JSON_TYPE, body });
    expect([answer.status, JSON.parse(answer.body.toString()).status]).toEqual([400, 'error']);
  });

  it('refuses serial and certificate together', async () => {
    const { serial, certificate } = await issue();
    expect(await ask({ serial, certificate })).toMatchObject({ http: 400, field: 'serial' });
    expect(await ask({ cert: certificate, certificate })).toMatchObject({ http: 400, field: 'serial' });
  });
});

it('a body of a media type that only another route accepts is 415', async () => {
  const result = z.object({});
  const route = (path: '/a' | '/b', binary: boolean) =>
    publicRoute('POST', path, {
      summary: '',
      body: z.object({}),
      result,
      handle: () => ({}),
      ...(binary && {
        binary: {
          type: 'application/ocsp-request',
          handle: async (body: Buffer) => new FileAnswer('text/plain', body),
        },
      }),
    });
  const routes = [route('/a', true), route('/b', false)];
  const server = await listen((app) =>
    app.register(serveRoutes, {
      audit: noAudit,
      routes,
      ca: noCa,
      baseUrl: () => 'https://ra.test',
    }),
  );
  const post = (path: string) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', headers: OCSP_TYPE, body: 'x' });
  expect([(await post('/a')).status, (await post('/b')).status]).toEqual([200, 415]);
  await server.close();
});

describe.each([
  [FIRST_CRL_PATH, 'application/pkix-crl'],
  ['/api/v1/public/crl', 'application/pkix-crl'],
  ['/api/v1/crl?format=pem', 'application/x-pem-file'],
])('the CRL at %s', (path, type) => {
  const parsed = (body: Buffer) =>
    parseCrl(body[0] === 0x30 ? body : firstFromPem('X509 CRL', body.toString('latin1')));

  it('may be cached for a while, is 304 for a client that has it, and HEAD sends the same headers without it', async () => {
    const first = await send(path);
    const { etag = '', date = '', expires = '', 'last-modified': modified = '' } = first.headers;
    expect(first.headers).toMatchObject({
      'content-type': type,
      'cache-control': 'max-age=300, public, no-transform, must-revalidate',
    });
    expect(Date.parse(modified)).toBe(parsed(first.body).thisUpdate);
    expect(Math.abs(Date.parse(expires) - Date.parse(date) - 300_000)).toBeLessThanOrEqual(2000);
    const again = await send(path, { headers: { 'if-none-match': etag } });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
    expect(again.headers['content-length']).toBe(first.headers['content-length']);
    const since = await send(path, { headers: { 'if-modified-since': modified } });
    expect([since.status, since.body.length]).toEqual([304, 0]);
    // The date of a download is later than that of the next CRL, which is backdated.
    const others = [-1000, 1000, 60_000].map((apart) => new Date(Date.parse(modified) + apart).toUTCString());
    for (const other of [...others, date, 'no date']) {
      const { status } = await send(path, { headers: { 'if-modified-since': other } });
      expect([other, status]).toEqual([other, 200]);
    }
    const both = { 'if-none-match': '"other"', 'if-modified-since': modified };
    expect((await send(path, { headers: both })).status).toBe(200);
    const head = await send(path, { method: 'HEAD' });
    expect([head.status, head.body.length, head.headers['content-length'], head.headers.etag]).toEqual([
      200,
      0,
      String(first.body.length),
      etag,
    ]);
  });

  it('has every revocation that was answered, and no hold that has ended', async () => {
    const { serial, name } = await issue();
    const { etag = '' } = (await send(path)).headers;
    await ra.call('revoke', { dn: name, reason: 'certificateHold' });
    const held = await send(path, { headers: { 'if-none-match': etag } });
    expect(parsed(held.body).entries).toContainEqual(expect.objectContaining({ serial, reason: 6 }));
    await ra.call('unrevoke', { dn: name });
    const { status, body } = await send(path, { headers: { 'if-none-match': held.headers.etag ?? '' } });
    expect(status).toBe(200);
    expect(parsed(body).entries.map((entry) => entry.serial)).not.toContain(serial);
  });
});

describe('the CRL', () => {
  it('is another representation, with another ETag, in PEM', async () => {
    const [der, pem] = [await send('/api/v1/public/crl'), await send('/api/v1/public/crl?format=pem')];
    expect(der.headers.etag).not.toBe(pem.headers.etag);
    expect(der.headers.vary).toBe('accept');
  });

  it('is fetched once for all requests that arrive while the CA is queried', async () => {
    await send(FIRST_CRL_PATH);
    asked.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => send(FIRST_CRL_PATH)));
    expect(new Set(asked)).toEqual(new Set(['get_crl_part']));
    expect(asked.length).toBeLessThan(20);
    const before = parseCrl(await ra.call('get_crl', {}).then((text) => Buffer.from(text, 'base64'))).number;
    await ra.call('generate_crl', {});
    const { body } = await send(FIRST_CRL_PATH);
    expect(parseCrl(body).number).toBeGreaterThan(before ?? 0n);
  });

  it('can be read to its end by a client that began before another was made', async () => {
    const { number, part } = await ra.call('get_crl_part', {});
    await ra.call('generate_crl', {});
    expect(await ra.call('get_crl_part', { number, offset: 0 })).toMatchObject({ number, part });
    const { part: octets } = await ra.call('get_crl_part', { number, octets: true });
    expect(Buffer.from(octets).toString('base64')).toBe(part);
    const next = await ra.call('get_crl_part', {});
    expect(next.number).toBeGreaterThan(number);
    await ra.call('generate_crl', {});
    expect((await ra.call('get_crl_part', { number, offset: 0 })).number).toBeGreaterThan(next.number);
  });

  it('is not to be used by caches beyond its nextUpdate', async () => {
    const signing = await signingWorld();
    const now = Date.now();
    async function* none() {}
    const crl = await buildCrl(
      { certificate: signing.intermediate, signer: signerFor(signing.issuerKey) },
      { number: 1n, thisUpdate: now - 3600_000, nextUpdate: now + 60_000 },
      none(),
    );
    const { ca } = await standInCa();
    const server = await listen((app) =>
      app.register(plainRoutes, { ca: { ...ca, crl: async () => crl }, responder: noCa }),
    );
    const { headers } = await server.get(FIRST_CRL_PATH);
    await server.close();
    const [, seconds] = /^max-age=(\d+),/.exec(headers.get('cache-control') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(30);
    expect(Number(seconds)).toBeLessThanOrEqual(60);
    expect(Date.parse(headers.get('expires') ?? '')).toBeLessThanOrEqual(now + 60_000);
  });

  it('also comes from an older CA, which does not send it in parts', async () => {
    const client: Pick<TaskClient<typeof operations>, 'call'> = {
      call: (name, ...rest) =>
        name === 'get_crl_part'
          ? Promise.reject(new ChannelRefused('Unknown task: get_crl_part', 700, 'unknownTask'))
          : ra.call(name, ...rest),
    };
    const crl = await new CaClient({ client }).crl();
    expect(parseCrl(crl).number).toBeGreaterThan(0n);
  });
});
