import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaClient } from '../../src/ra/ca/client.js';
import { CLIENT_AUTH, createTestPki } from '../../tools/kit/test-pki.js';
import type { Connection } from '../support/https.js';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';
import { noCa } from './harness.js';

const world = new JoinedWorld();
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(() => world.close());

const ADMINS = '/private/admins';

describe('a private route', () => {
  it('answers an administrator', async () => {
    const { status, json } = await world.ask(ADMINS, alice);
    expect([status, json]).toEqual([200, { status: 'success', data: [{ dn: alice.dn, role: 'admin' }] }]);
  });

  it('is 401 without a client certificate', async () => {
    const { status, json } = await world.ask(ADMINS);
    expect([status, json]).toEqual([
      401,
      { status: 'error', code: 'unauthenticated', message: expect.stringContaining('client certificate') },
    ]);
  });

  it('is 401 with a certificate of another PKI that has the same names', async () => {
    const stranger = createTestPki('Test Issuing CA').leaf({ commonName: 'alice', usages: [CLIENT_AUTH] });
    expect((await world.ask(ADMINS, stranger)).status).toBe(401);
  });

  it('is 401 with a certificate for servers only (RFC 5280 §4.2.1.12)', async () => {
    const server = await world.holder('server.example.test', 'server');
    expect((await world.ask(ADMINS, server)).status).toBe(401);
  });

  it('is 403 when the CA knows the serial as another certificate’s', async () => {
    const record = await new CaClient({ client: world.tasks }).bySerial(alice.serial);
    const impostor = new JoinedWorld({
      api: { ca: { ...noCa, bySerial: async () => record, roleOf: async () => 'admin' } },
    });
    await impostor.start();
    const other = impostor.alice;
    const { status, json } = await impostor.ask(ADMINS, other);
    await impostor.close();
    expect([status, json.message]).toEqual([
      403,
      'this certificate is not one the certificate authority issued',
    ]);
  });

  it.each(['user', 'webapp', 'ra'])('is 403 with a certificate of profile %s', async (profile) => {
    const holder = await world.holder(`${profile}.example.test`, profile);
    expect((await world.ask(ADMINS, holder)).json).toMatchObject({ status: 'error', code: 'forbidden' });
  });

  it('is 403 with an administrator’s certificate whose DN is not on the list', async () => {
    const mallory = await world.unlisted('mallory');
    const { status, json } = await world.ask(ADMINS, mallory);
    expect([status, json.code]).toEqual([403, 'forbidden']);
    expect(json.message).toContain(mallory.dn);
  });

  it('is 403 with a certificate of another profile that has an administrator’s common name', async () => {
    const namesake = await world.holder('alice', 'user');
    expect((await world.ask(ADMINS, namesake)).status).toBe(403);
  });

  it('is refused before anything of the request is read', async () => {
    const { status } = await world.ask(`${ADMINS}?nonsense=1`, null, { method: 'POST', body: { x: 1 } });
    expect(status).toBe(401);
  });

  it('checks every request of an open connection, not only the first', async () => {
    const { ask } = await keptAlive(alice);
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(200);
  });

  it.each([
    { 'X-SSL-CLIENT-VERIFY': 'SUCCESS', 'X-SSL-CLIENT-S-DN': 'CN=alice,OU=Admins' },
    { 'X-SSL-CLIENT-VERIFY': 'SUCCESS', 'X-SSL-CLIENT-S-DN': '/OU=Admins/CN=alice' },
    {
      'X-SSL-CLIENT-VERIFY': 'SUCCESS',
      'X-SSL-CLIENT-CERT': 'CERT',
      'X-SSL-CLIENT-I-DN': '/CN=Test Issuing CA',
    },
    { 'X-SSL-CERT': 'CERT', 'X-Client-Cert': 'CERT' },
    { 'Client-Cert': ':DER:', 'Client-Cert-Chain': ':DER:' },
    { 'X-Forwarded-Client-Cert': 'Cert="CERT"' },
    { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-User': 'alice', 'X-Real-IP': '127.0.0.1' },
    { Forwarded: 'for=127.0.0.1;by=localhost', 'X-Remote-User': 'alice' },
  ])('believes no header of the peer’s own: %o', async (forged) => {
    const bob = await world.holder('bob');
    const der = alice.cert.split('\n').slice(1, -2).join('');
    const headers = Object.fromEntries(
      Object.entries(forged).map(([name, value]) => [
        name,
        value.replace('CERT', encodeURIComponent(alice.cert)).replace('DER', der),
      ]),
    );
    expect((await world.ask(ADMINS, null, { headers })).status).toBe(401);
    expect((await world.ask(ADMINS, bob, { headers })).status).toBe(403);
  });
});

/** A connection of this holder that asks for the list again and again. */
async function keptAlive(holder: IssuedHolder) {
  const connection = await world.connect({ key: holder.key, cert: holder.cert });
  return { ask: () => connection.ask(ADMINS), socket: connection.socket };
}

describe('an administrator who is one no longer', () => {
  it('is refused at the next request when removed from the list, also on an open connection', async () => {
    const carol = await world.admin('carol');
    const { ask } = await keptAlive(carol);
    expect((await ask()).status).toBe(200);
    await world.tasks.call('remove_admin', { dn: '/OU=Admins/CN=carol' });
    expect((await ask()).json).toMatchObject({ code: 'forbidden' });
    expect((await world.ask(ADMINS, carol)).status).toBe(403);
  });

  it('is refused at the next request when the certificate is revoked, also on an open connection', async () => {
    const dave = await world.admin('dave');
    const { ask } = await keptAlive(dave);
    expect((await ask()).status).toBe(200);
    await world.tasks.call('revoke_serial', { serial: `0x${dave.serial}`, reason: 'keyCompromise' });
    expect((await ask()).json).toMatchObject({ code: 'forbidden', message: 'this certificate is revoked' });
    expect((await world.ask(ADMINS, dave)).status).toBe(403);
  });

  it('is admitted again when a hold ends', async () => {
    const erin = await world.admin('erin');
    await world.tasks.call('revoke', { dn: 'erin', reason: 'certificateHold' });
    expect((await world.ask(ADMINS, erin)).status).toBe(403);
    await world.tasks.call('unrevoke', { dn: 'erin' });
    expect((await world.ask(ADMINS, erin)).status).toBe(200);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is refused on a resumed %s session', async (version) => {
    const frank = await world.admin(`frank-${version}`);
    const options = { key: frank.key, cert: frank.cert, minVersion: version, maxVersion: version };
    const first = await world.connect(options);
    const session = sessionOf(first.socket);
    expect((await first.ask(ADMINS)).status).toBe(200);
    await world.tasks.call('revoke_serial', { serial: `0x${frank.serial}` });
    const resumed = await world.connect({ ...options, session: await session });
    expect(resumed.socket.isSessionReused()).toBe(true);
    expect((await resumed.ask(ADMINS)).status).toBe(403);
  });
});

describe('TLS does not smuggle an identity', () => {
  it.each([
    'TLSv1.2',
    'TLSv1.3',
  ] as const)('a %s session begun without a certificate stays without one', async (version) => {
    const range = { minVersion: version, maxVersion: version };
    const first = await world.connect(range);
    const session = sessionOf(first.socket);
    expect((await first.ask(ADMINS)).status).toBe(401);
    const resumed = await world.connect({
      ...range,
      key: alice.key,
      cert: alice.cert,
      session: await session,
    });
    expect(resumed.socket.isSessionReused()).toBe(true);
    expect((await resumed.ask(ADMINS)).status).toBe(401);
  });

  it.each([
    'TLSv1.2',
    'TLSv1.3',
  ] as const)('a resumed %s session keeps the identity of its own holder', async (version) => {
    const bob = await world.holder('bob');
    const range = { minVersion: version, maxVersion: version };
    const first = await world.connect({ ...range, key: bob.key, cert: bob.cert });
    const session = sessionOf(first.socket);
    expect((await first.ask(ADMINS)).status).toBe(403);
    const resumed = await world.connect({
      ...range,
      key: alice.key,
      cert: alice.cert,
      session: await session,
    });
    expect(resumed.socket.isSessionReused()).toBe(true);
    expect((await resumed.ask(ADMINS)).status).toBe(403);
  });

  it('a connection cannot be renegotiated to another identity (RFC 5746)', async () => {
    const connection = await world.connect({ maxVersion: 'TLSv1.2' });
    expect((await connection.ask(ADMINS)).status).toBe(401);
    expect(await renegotiated(connection)).toBe(false);
  });
});

/** What a later connection can resume from; tickets of TLS 1.3 come with the first answer. */
function sessionOf(socket: TLSSocket): Promise<Buffer> {
  const session = socket.getProtocol() === 'TLSv1.2' ? socket.getSession() : undefined;
  if (session) return Promise.resolve(session);
  return new Promise((resolve) => socket.once('session', resolve));
}

/** Whether the server went along with a new handshake. */
function renegotiated({ socket }: Connection): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    if (socket.renegotiate({}, (error) => resolve(error === null)) === false) resolve(false);
  });
}
