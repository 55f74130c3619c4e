import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import { afterEach, describe, expect, it } from 'vitest';
import { restApi } from '../../../src/rest/index.js';
import { apiDefaults, listen, standInCa } from '../harness.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** The API before a CA that answers or is away, with a store that works or not. */
async function serve(options: { away?: boolean; storeBroken?: boolean; warnings?: string[] } = {}) {
  const { ca, ...material } = await standInCa(options);
  const checks = {
    'the CA cannot be reached': () => ca.ping(),
    'the store cannot be written': async () => {
      if (options.storeBroken) throw new Error('disk full');
    },
  };
  const health = { checks, warnings: () => options.warnings ?? [] };
  const server = await listen((app) =>
    app.register(restApi, { prefix: '/api/v1', ...apiDefaults, ca, health }),
  );
  closing.push(server.close);
  const get: typeof server.get = (path, headers) => server.get(`/api/v1${path}`, headers);
  return { ...material, get, errors: server.errors };
}

describe.each(['/public', ''])('under /api/v1%s', (prefix) => {
  it('health is healthy while the process lives, also without a CA', async () => {
    const { get } = await serve({ away: true });
    const response = await get(`${prefix}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'success', data: { status: 'healthy' } });
  });

  it('health?ready is ready when the CA answers and the store can be written', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/health?ready`);
    expect(await response.json()).toEqual({ status: 'success', data: { status: 'ready' } });
  });

  it.each(['healthy', 'ready'])('health that is %s contains the CA’s warnings', async (status) => {
    const warnings = ['the issuer "CN=Plant" ends on 2026-12-30T00:00:00.000Z, in less than 30 days'];
    const { get } = await serve({ warnings });
    const response = await get(`${prefix}/health${status === 'ready' ? '?ready' : ''}`);
    expect(await response.json()).toEqual({ status: 'success', data: { status, warnings } });
  });

  it('health?ready is 503 and names all that is missing', async () => {
    const { get } = await serve({ away: true, storeBroken: true });
    const response = await get(`${prefix}/health?ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'error',
      message: 'not ready: the CA cannot be reached, the store cannot be written',
      code: 'unavailable',
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

  it('ca is the envelope the Python RA sends when JSON is requested', async () => {
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

  it('crl is base64 in the envelope when JSON is requested', async () => {
    const { get, crl } = await serve();
    const response = await get(`${prefix}/crl?format=json`);
    expect(await response.json()).toEqual({
      status: 'success',
      data: { crl: Buffer.from(crl).toString('base64') },
    });
  });

  it('an unsupported format is refused with a list of the supported ones', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/crl?format=xml`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      status: 'error',
      message: '"format": must be one of der, pem, json',
      code: 'invalidRequest',
      field: 'format',
    });
  });

  it('an unreachable CA is 503 with Retry-After, not an internal error', async () => {
    const { get, errors } = await serve({ away: true });
    const response = await get(`${prefix}/crl`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ status: 'error', code: 'unavailable' });
    expect(errors).toEqual([]);
  });

  it('an unknown path is 404 in the envelope', async () => {
    const { get } = await serve();
    const response = await get(`${prefix}/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      status: 'error',
      message: 'there is nothing at this URL',
      code: 'notFound',
    });
  });
});
