import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProxyHeader } from '../../src/http/trusted-proxies.js';
import { CaUnavailable } from '../../src/model/ca.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { CLIENT_AUTH, createTestPki } from '../../tools/kit/test-pki.js';
import { told } from '../store/contract/audit.contract.js';
import type { Holder } from '../support/https.js';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';
import { noCa } from './harness.js';

const NAME = 'proxy.example.test';

const proxied = (header: ProxyHeader, network = '127.0.0.0/8', changes = {}) =>
  new JoinedWorld({ api: changes, proxies: { proxies: [{ name: NAME, network }], header } });

const STYLES: Record<ProxyHeader, (cert: string) => Record<string, string>> = {
  'Client-Cert': (cert) => ({ 'Client-Cert': `:${firstFromPem('CERTIFICATE', cert).toString('base64')}:` }),
  'X-SSL-CLIENT-CERT': (cert) => ({
    'X-SSL-CLIENT-CERT': encodeURIComponent(cert.slice(0, cert.indexOf('-----END') + 25)),
    'X-SSL-CLIENT-VERIFY': 'SUCCESS',
  }),
};
const other = (header: ProxyHeader): ProxyHeader =>
  header === 'Client-Cert' ? 'X-SSL-CLIENT-CERT' : 'Client-Cert';

describe.each<ProxyHeader>(['Client-Cert', 'X-SSL-CLIENT-CERT'])('a trusted proxy with %s', (header) => {
  const world = proxied(header);
  let alice: IssuedHolder;
  let proxy: IssuedHolder;
  beforeAll(async () => {
    await world.start();
    alice = world.alice;
    proxy = await world.holder(NAME, 'user');
  });
  afterAll(() => world.close());

  const passOn = STYLES[header];
  const ask = (through: Holder | null, headers: Record<string, string>, path = '/private/admins') =>
    world.ask(path, through, { headers });

  it('is trusted when it has proved its name from its network (RFC 9440)', async () => {
    expect((await ask(proxy, passOn(alice.cert))).status).toBe(200);
  });

  it('identifies its client for client routes too', async () => {
    const bob = await world.holder('bob');
    const { json } = await ask(proxy, passOn(bob.cert), '/client/status');
    expect(json.data).toMatchObject({ serial: bob.serial });
    expect((await ask(proxy, passOn(bob.cert))).status).toBe(403);
  });

  it('is not trusted without a certificate, by another name, or with one that is revoked', async () => {
    expect((await ask(null, passOn(alice.cert))).status).toBe(401);
    const bob = await world.holder('bob');
    expect((await ask(bob, passOn(alice.cert))).status).toBe(403);
    const revoked = await world.holder(NAME, 'user');
    await world.tasks.call('revoke_serial', { serial: `0x${revoked.serial}` });
    expect((await ask(revoked, passOn(alice.cert))).status).toBe(403);
  });

  it('is no longer trusted from the request after its certificate was revoked, also on an open connection', async () => {
    const passing = await world.holder(NAME, 'user');
    const connection = await world.connect({ key: passing.key, cert: passing.cert });
    const through = () => connection.ask('/private/admins', { headers: passOn(alice.cert) });
    expect((await through()).status).toBe(200);
    await world.tasks.call('revoke_serial', { serial: `0x${passing.serial}` });
    expect((await through()).status).toBe(403);
  });

  it('is not trusted with a certificate of another PKI', async () => {
    const stranger = createTestPki('Test Issuing CA').leaf({ commonName: NAME, usages: [CLIENT_AUTH] });
    expect((await ask(stranger, passOn(alice.cert))).status).toBe(401);
  });

  it('never lends its own rights: without a forwarded client certificate, a request is unauthenticated', async () => {
    const own = await world.admin(NAME);
    expect((await ask(own, {})).status).toBe(401);
    const { status } = await world.ask('/client/revoke', own, { method: 'POST' });
    expect(status).toBe(401);
    const still = await world.tasks.call('ocsp_check', { serial: `0x${own.serial}` });
    expect(still.status).toBe('good');
  });

  it('each request is independent: a forwarded certificate does not apply to the next one', async () => {
    const connection = await world.connect({ key: proxy.key, cert: proxy.cert });
    expect((await connection.ask('/private/admins', { headers: passOn(alice.cert) })).status).toBe(200);
    expect((await connection.ask('/private/admins')).status).toBe(401);
  });

  it('passes on no certificate that is revoked, a server’s, or of another PKI', async () => {
    const gone = await world.admin('gone');
    await world.tasks.call('revoke_serial', { serial: `0x${gone.serial}` });
    expect((await ask(proxy, passOn(gone.cert))).status).toBe(403);
    const server = await world.holder('server.example.test', 'server');
    expect((await ask(proxy, passOn(server.cert))).status).toBe(401);
    const stranger = createTestPki('Test Issuing CA').leaf({ commonName: 'alice', usages: [CLIENT_AUTH] });
    expect((await ask(proxy, passOn(stranger.cert))).status).toBe(401);
  });

  it('is not read from any other header, which a client may have sent through it', async () => {
    expect((await ask(proxy, STYLES[other(header)](alice.cert))).status).toBe(401);
    const bob = await world.holder('bob');
    const both = { ...STYLES[other(header)](alice.cert), ...passOn(bob.cert) };
    expect((await ask(proxy, both)).status).toBe(403);
  });

  it('provides the client’s address: the last one in its header, never one that the client wrote itself', async () => {
    // Nobody waits for the record of a refusal; those of earlier tests are kept before what is asked next.
    await world.store.ping();
    const before = (await told(world.store)).length;
    const headers = { ...passOn(alice.cert), 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' };
    const remove = { method: 'DELETE', headers };
    await world.ask('/private/admins/CN=nobody', proxy, remove);
    await world.ask('/private/admins/CN=nobody', alice, { method: 'DELETE', headers });
    await world.store.ping();
    const entries = (await told(world.store)).slice(before);
    expect(entries).toMatchObject([
      { who: alice.dn, from: '203.0.113.7' },
      { who: alice.dn, from: '127.0.0.1' },
    ]);
  });

  it.each([
    'nonsense',
    ':nonsense',
    '::',
    ':AAAA:',
    '%',
    '-----BEGIN CERTIFICATE-----',
    ':AAAA:, :AAAA:',
  ])('that passes on %j says nothing of anybody', async (value) => {
    const headers = { [header]: value, 'X-SSL-CLIENT-VERIFY': 'SUCCESS' };
    expect((await ask(proxy, headers)).status).toBe(401);
  });
});

it.each([
  'NONE',
  'FAILED:self-signed certificate',
  'success',
  '',
])('nginx that says verify is %j has a client that proved nothing', async (verify) => {
  const world = proxied('X-SSL-CLIENT-CERT');
  await world.start();
  const alice = world.alice;
  const proxy = await world.holder(NAME, 'user');
  const headers = { ...STYLES['X-SSL-CLIENT-CERT'](alice.cert), 'X-SSL-CLIENT-VERIFY': verify };
  const { status } = await world.ask('/private/admins', proxy, { headers });
  await world.close();
  expect(status).toBe(401);
});

it.each([
  '192.0.2.0/24',
  '127.0.0.2',
  '::1',
  '10.0.0.0/8',
])('a proxy from outside its network %s is nobody’s proxy', async (network) => {
  const world = proxied('Client-Cert', network);
  await world.start();
  const alice = world.alice;
  const proxy = await world.holder(NAME, 'user');
  const { status } = await world.ask('/private/admins', proxy, {
    headers: STYLES['Client-Cert'](alice.cert),
  });
  await world.close();
  expect(status).toBe(403);
});

it('while the CA is away a proxy’s client is unknown: 503, not 401, and public routes answer', async () => {
  const away = { ...noCa, bySerial: () => Promise.reject(new CaUnavailable('no answer')) };
  const world = proxied('Client-Cert', '127.0.0.1', { ca: away });
  await world.start();
  const proxy = await world.holder(NAME, 'user');
  const headers = STYLES['Client-Cert'](proxy.cert);
  expect((await world.ask('/client/status', proxy, { headers })).json).toMatchObject({ code: 'unavailable' });
  expect((await world.ask('/public/health', proxy, { headers })).status).toBe(200);
  await world.close();
});
