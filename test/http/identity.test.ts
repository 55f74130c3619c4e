import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/http/server.js';
import { CLIENT_AUTH, createTestPki, SERVER_AUTH } from '../../tools/kit/test-pki.js';
import { addRoutes, drain, get, HOUR, log, parse, pki, portOf, TestServer } from './test-server.js';

const stranger = createTestPki('Another Root');

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

function ticketOf(socket: TLSSocket): Promise<Buffer> {
  const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.on('data', () => {});
  socket.write(get('/who'));
  return ticket;
}

describe('who the peer is (from the TLS stack, never from a header)', () => {
  it('is unauthenticated without a client certificate, whatever the headers say', async () => {
    const forged = 'X-SSL-CLIENT-VERIFY: SUCCESS\r\nX-SSL-CLIENT-S-DN: CN=admin\r\nX-SSL-CERT: abc\r\n';
    expect((await server.exchange(get('/who', forged))).json).toEqual({ subject: null });
  });

  it('is the holder of a client certificate of this PKI', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    const { json } = await server.exchange(get('/who'), { ...admin });
    expect(json).toEqual({ subject: 'CN=admin', serial: expect.stringMatching(/^([0-9a-f]{2})+$/) });
  });

  it('is anonymous at a listener that requests no certificate: the holder of one is not prompted', async () => {
    const visitors = await TestServer.start({ askForCertificate: false });
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    try {
      const { status, json } = await visitors.exchange(get('/who'), { ...admin });
      expect({ status, json }).toEqual({ status: 200, json: { subject: null } });
    } finally {
      await visitors.close();
    }
  });

  it('is unauthenticated with a certificate of another root', async () => {
    const other = stranger.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await server.exchange(get('/who'), { ...other })).json).toEqual({ subject: null });
  });

  it('is unauthenticated with a certificate for servers only (RFC 5280 §4.2.1.12)', async () => {
    const web = pki.leaf({ commonName: 'admin', usages: [SERVER_AUTH] });
    expect((await server.exchange(get('/who'), { ...web })).json).toEqual({ subject: null });
  });

  it('is unauthenticated with an expired or not yet valid certificate', async () => {
    const usages = [CLIENT_AUTH];
    const times = [
      { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR },
      { notBefore: Date.now() + HOUR, notAfter: Date.now() + 2 * HOUR },
    ];
    for (const time of times) {
      const holder = pki.leaf({ commonName: 'admin', usages, ...time });
      expect((await server.exchange(get('/who'), { ...holder })).json).toEqual({ subject: null });
    }
  });

  it('is unauthenticated once the certificate expires, even on an open connection', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await server.exchange(get('/later'), { ...admin })).json).toEqual({ known: false });
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('resumed %s sessions (RFC 8446 §2.2, RFC 5077)', (version) => {
  const range = { minVersion: version, maxVersion: version };

  async function resume(
    options: ConnectionOptions,
  ): Promise<{ reused: boolean; json: Record<string, unknown> }> {
    const first = await server.open({ ...range, ...options });
    const session = version === 'TLSv1.2' ? first.getSession() : await ticketOf(first);
    const second = await server.open({ ...range, ...options, ...(session && { session }) });
    const answer = drain(second);
    const reused = second.isSessionReused();
    second.write(get('/who'));
    first.destroy();
    return { reused, json: parse(await answer).json };
  }

  it('keep the client’s identity', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect(await resume({ ...admin })).toMatchObject({ reused: true, json: { subject: 'CN=admin' } });
  });

  it('do not authenticate a client without a certificate', async () => {
    expect(await resume({})).toEqual({ reused: true, json: { subject: null } });
  });

  it('do not authenticate a client with a foreign certificate', async () => {
    const other = stranger.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await resume({ ...other })).json).toEqual({ subject: null });
  });
});

describe('the plain listener', () => {
  it('serves routes and authenticates no client', async () => {
    const app = createHttpServer({ log });
    addRoutes(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`http://127.0.0.1:${portOf(app)}/who`, {
      headers: { 'X-SSL-CLIENT-VERIFY': 'SUCCESS' },
    });
    expect(await answer.json()).toEqual({ subject: null });
    await app.close();
  });
});
