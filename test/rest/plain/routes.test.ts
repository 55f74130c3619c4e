import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import * as written from '../../../src/ca/issue/factory.js';
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

describe('what certificates point to', () => {
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
