import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import * as written from '../../../src/ca/issue/factory.js';
import { CaUnavailable, type KnownAuthority } from '../../../src/model/ca.js';
import {
  CRL_PATH,
  FIRST_CRL_PATH,
  FIRST_ISSUER_PATH,
  ISSUER_PATH,
  OCSP_PATH,
  plainRoutes,
} from '../../../src/rest/plain/routes.js';
import { listen, noCa, standInCa } from '../harness.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serve(options: { away?: boolean } = {}) {
  const { ca, ...material } = await standInCa(options);
  const server = await listen((app) => app.register(plainRoutes, { ca, responder: noCa }));
  closing.push(server.close);
  return { ...material, ...server };
}

describe('the URLs in certificates', () => {
  it('is served under the paths the CA writes into them (RFC 5280 §4.2.1.13, §4.2.2.1)', () => {
    expect([CRL_PATH.replace(':file', 'ab.crl'), ISSUER_PATH.replace(':file', 'ab.cer'), OCSP_PATH]).toEqual([
      written.crlPath('ab'),
      written.issuerPath('ab'),
      written.OCSP_PATH,
    ]);
  });
  it('the CRL is DER (RFC 2585 §4.2)', async () => {
    const { get, crl } = await serve();
    const response = await get(FIRST_CRL_PATH);
    expect(response.headers.get('content-type')).toBe('application/pkix-crl');
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(crl))).toBe(true);
  });
  it('the issuer is one DER certificate (RFC 2585 §4.1)', async () => {
    const { get, chain } = await serve();
    const response = await get(FIRST_ISSUER_PATH);
    expect(response.headers.get('content-type')).toBe('application/pkix-cert');
    const der = Buffer.from(await response.arrayBuffer());
    expect(der.equals(new X509Certificate(chain).raw)).toBe(true);
  });
  it('is 503 with Retry-After while the CA is away', async () => {
    const { get, errors } = await serve({ away: true });
    const response = await get(FIRST_CRL_PATH);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(errors).toEqual([]);
  });
});

describe('the CRL and the certificate of an authority, by its id', () => {
  const made = (id: string, certificate: string): KnownAuthority => ({
    ...{ id, kind: 'issuer', keyId: id, certificate, chain: '', root: 'r', of: null },
    ...{ state: 'active', first: false, renewFrom: null, warning: null },
  });

  async function followed(options: { away?: boolean } = {}) {
    const { ca, chain, crl } = await standInCa();
    const id = 'ab'.repeat(10);
    const asked: (string | undefined)[] = [];
    const authorities = async (when?: 'now') => {
      asked.push(when);
      if (when === 'now' && options.away) throw new CaUnavailable('no answer');
      return [made('cd'.repeat(10), chain), ...(when === 'now' ? [made(id, chain)] : [])];
    };
    const server = await listen((app) =>
      app.register(plainRoutes, { ca: { ...ca, authorities }, responder: noCa }),
    );
    closing.push(server.close);
    return { ...server, id, asked, chain, crl };
  }

  it('exist as soon as certificates name them: the CA is queried before the answer is 404', async () => {
    const { get, id, chain, crl } = await followed();
    const list = await get(`/crl/${id}.crl`);
    expect([list.status, Buffer.from(await list.arrayBuffer()).equals(Buffer.from(crl))]).toEqual([
      200,
      true,
    ]);
    const issuer = await get(`/issuer/${id}.cer`);
    expect(Buffer.from(await issuer.arrayBuffer()).equals(new X509Certificate(chain).raw)).toBe(true);
  });

  it('are not requested from the CA when the path cannot be an authority’s, or is cached', async () => {
    const { get, asked } = await followed();
    for (const path of ['/crl/zz.crl', `/crl/${'AB'.repeat(10)}.crl`, `/crl/${'ab'.repeat(10)}.cer`]) {
      expect((await get(path)).status).toBe(404);
    }
    expect((await get(`/issuer/${'cd'.repeat(10)}.cer`)).status).toBe(200);
    expect(asked).not.toContain('now');
    expect((await get(`/crl/${'ef'.repeat(10)}.crl`)).status).toBe(404);
  });

  it('are 503, not 404, while the CA cannot answer whether the authority exists', async () => {
    const { get, id } = await followed({ away: true });
    expect([(await get(`/crl/${id}.crl`)).status, (await get(`/issuer/${id}.cer`)).status]).toEqual([
      503, 503,
    ]);
  });
});
