import { describe, expect, it } from 'vitest';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { ChannelRefused } from '../../../src/channel/errors.js';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { FIRST_CRL_PATH, plainRoutes } from '../../../src/rest/plain/routes.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { signingWorld } from '../../../tools/kit/signing-world.js';
import { listen, noCa, standInCa } from '../harness.js';
import { asked, issue, ra, send } from './harness.js';

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
