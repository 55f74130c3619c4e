import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_AUTH, createTestPki } from '../../tools/kit/test-pki.js';
import { drain, get, parse, pki, serverCertificate, TestServer } from './test-server.js';

const stranger = createTestPki('Another Root');

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

describe('TLS', () => {
  it('is at least version 1.2', async () => {
    const old = server.open({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(old).rejects.toThrow(/protocol version|alert/i);
  });

  it.each([
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-SHA',
    'ECDHE-ECDSA-AES128-CCM8',
    'ECDHE-ECDSA-AES128-CCM',
    'AES128-GCM-SHA256',
    'DHE-RSA-AES256-CCM8',
  ])('has no CBC, CCM or key exchange without forward secrecy: %s', async (ciphers) => {
    await expect(server.open({ ciphers, maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  it.each([
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
  ])('has what Mozilla recommends for TLS 1.2: %s', async (ciphers) => {
    const socket = await server.open({ ciphers, maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).toBe(ciphers);
    socket.destroy();
  });

  it('uses a new certificate while running, and a change of the trusted roots drops old sessions', async () => {
    const running = await TestServer.start();
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    const subjectOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
    const before = await running.open({ ...admin, maxVersion: 'TLSv1.2' });
    const session = before.getSession();
    expect(subjectOf(before)).toBe('ra.test');

    const next = pki.leaf({ commonName: 'next', names: ['ra.test'] });
    running.server.reload({ ...next, clientCa: [pki.root] });
    const resumed = await running.open({
      ...admin,
      maxVersion: 'TLSv1.2',
      ...(session && { session }),
    });
    expect(resumed.isSessionReused()).toBe(true);
    const fresh = await running.open({ ...admin });
    expect(subjectOf(fresh)).toBe('next');

    running.server.reload({ ...next, clientCa: [stranger.root] });
    const distrusted = await running.open({
      ...admin,
      maxVersion: 'TLSv1.2',
      ...(session && { session }),
    });
    expect(distrusted.isSessionReused()).toBe(false);
    const answer = drain(distrusted);
    distrusted.write(get('/who'));
    expect(parse(await answer).json).toEqual({ subject: null });

    for (const socket of [before, resumed, fresh]) socket.destroy();
    await running.close();
  });

  it('keeps the old key and certificate when the new ones do not match', async () => {
    const other = pki.leaf({ commonName: 'other' });
    expect(() =>
      server.server.reload({ key: other.key, cert: serverCertificate.cert, clientCa: [pki.root] }),
    ).toThrow();
    expect((await server.exchange(get('/who'))).status).toBe(200);
  });
});
