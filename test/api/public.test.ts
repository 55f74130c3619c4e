import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import * as peculiar from '@peculiar/x509';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { publicApi } from '../../src/api/public.js';
import { createHttpServer } from '../../src/http/server.js';
import { CaUnavailable } from '../../src/ra/certificate-authority.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function material() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = (cn: string) =>
    peculiar.X509CertificateGenerator.createSelfSigned({
      name: `CN=${cn}`,
      keys,
      signingAlgorithm: algorithm,
    });
  const crl = await peculiar.X509CrlGenerator.create({
    issuer: 'CN=issuer',
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
  });
  const pem = async (cn: string) => `${(await certificate(cn)).toString('pem')}\n`;
  return { root: await pem('root'), chain: await pem('issuer'), crl: new Uint8Array(crl.rawData) };
}

/** The API on a real socket, before a CA that has `material`, or is away. */
async function serve(options: { away?: boolean; storeBroken?: boolean } = {}) {
  const { root, chain, crl } = await material();
  const orAway = async <T>(value: T): Promise<T> => {
    if (options.away) throw new CaUnavailable('no answer');
    return value;
  };
  const errors: string[] = [];
  const app = createHttpServer({
    log: pino({ level: 'error' }, { write: (line: string) => errors.push(line) }),
  });
  await app.register(publicApi, {
    prefix: '/api/v1',
    ca: { caCertificates: () => orAway({ root, chain }), crl: () => orAway(crl) },
    checks: {
      'the CA cannot be reached': () => orAway(undefined),
      'the store cannot be written': async () => {
        if (options.storeBroken) throw new Error('disk full');
      },
    },
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  closing.push(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers });
  return { get, root, chain, crl, errors };
}

describe.each(['/public', ''])('under /api/v1%s', (prefix) => {
  it('health says healthy while the process lives, also without a CA', async () => {
    const { get } = await serve({ away: true });
    const response = await get(`${prefix}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'success', data: { status: 'healthy' } });
  });

  it('health?ready says ready when the CA answers and the store can be written', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/health?ready`);
    expect(await response.json()).toEqual({ status: 'success', data: { status: 'ready' } });
  });

  it('health?ready is 503 and names all that is missing', async () => {
    const { get } = await serve({ away: true, storeBroken: true });
    const response = await get(`${prefix}/health?ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'error',
      message: 'not ready: the CA cannot be reached, the store cannot be written',
      code: 503,
    });
  });

  it('ca is the root certificate as PEM', async () => {
    const { get, root } = await serve();
    const response = await get(`${prefix}/ca`);
    expect(response.headers.get('content-type')).toContain('application/x-pem-file');
    expect(await response.text()).toBe(root);
  });

  it.each(['?format=der', 'application/pkix-cert'])('ca is DER by %s (RFC 2585 §4.1)', async (how) => {
    const { get, root } = await serve();
    const response = how.startsWith('?')
      ? await get(`${prefix}/ca${how}`)
      : await get(`${prefix}/ca`, { accept: how });
    expect(response.headers.get('content-type')).toBe('application/pkix-cert');
    const der = Buffer.from(await response.arrayBuffer());
    expect(der.equals(new X509Certificate(root).raw)).toBe(true);
  });

  it.each([
    '?format=chain',
    'application/pem-certificate-chain;q=1, text/html',
  ])('ca is issuer and root by %s', async (how) => {
    const { get, root, chain } = await serve();
    const response = how.startsWith('?')
      ? await get(`${prefix}/ca${how}`)
      : await get(`${prefix}/ca`, { accept: how });
    expect(response.headers.get('content-type')).toContain('application/pem-certificate-chain');
    expect(await response.text()).toBe(chain + root);
  });

  it('ca is the envelope the Python RA sends when JSON is asked for', async () => {
    const { get, root, chain } = await serve();
    const response = await get(`${prefix}/ca`, { accept: 'application/json' });
    expect(await response.json()).toEqual({ status: 'success', data: { certificate: root, chain } });
  });

  it('crl is DER (RFC 2585 §4.2)', async () => {
    const { get, crl } = await serve();
    const response = await get(`${prefix}/crl`);
    expect(response.headers.get('content-type')).toBe('application/pkix-crl');
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(crl))).toBe(true);
  });

  it('crl is PEM by ?format=pem, as another library reads it (RFC 7468 §6)', async () => {
    const { get, crl } = await serve();
    const response = await get(`${prefix}/crl?format=pem`);
    const parsed = new peculiar.X509Crl(await response.text());
    expect(Buffer.from(parsed.rawData).equals(Buffer.from(crl))).toBe(true);
  });

  it('crl is base64 in the envelope when JSON is asked for', async () => {
    const { get, crl } = await serve();
    const response = await get(`${prefix}/crl?format=json`);
    expect(await response.json()).toEqual({
      status: 'success',
      data: { crl: Buffer.from(crl).toString('base64') },
    });
  });

  it('a format we do not have is refused with those we have', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/crl?format=xml`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      status: 'error',
      message: 'format must be one of der, pem, json',
      code: 400,
    });
  });

  it('a CA that is away is 503 with Retry-After, and no error of ours', async () => {
    const { get, errors } = await serve({ away: true });
    const response = await get(`${prefix}/crl`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ status: 'error', code: 503 });
    expect(errors).toEqual([]);
  });

  it('an unknown path is 404 in the envelope', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      status: 'error',
      message: 'there is nothing at this URL',
      code: 404,
    });
  });
});
