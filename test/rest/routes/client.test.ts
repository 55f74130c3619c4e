import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { firstFromPem, toPem } from '../../../src/x509/pem.js';
import { parsePublicKey, spkiFingerprint } from '../../../src/x509/spki.js';
import { aCertificate, anAccount, anOrder } from '../../../tools/kit/facts.js';
import type { Holder } from '../../support/https.js';
import { newKey, requestPem } from '../../support/requests.js';
import { holderOf, type IssuedHolder, JoinedWorld } from '../../support/world/joined.js';

const world = new JoinedWorld();
let laptop: IssuedHolder;
beforeAll(async () => {
  await world.start();
  const csr = requestPem(['laptop.example.test', { type: 'email', value: 'me@example.test' }], {
    key: laptopKey,
    cn: 'My laptop',
  });
  const { certificate } = await world.tasks.call('sign', { csr, profile: 'laptop' });
  laptop = holderOf(laptopKey, certificate);
});
afterAll(() => world.close());

const laptopKey = newKey();
const post = (path: string, holder: Holder | null, body?: unknown) =>
  world.ask(path, holder, { method: 'POST', body });
const spkiOf = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'der' });
const sansOf = (pem: string) => new X509Certificate(pem).subjectAltName;

interface Renewed {
  serial: string;
  certificate: string;
  chain: string;
}
const renew = async (holder: Holder, csr: string) =>
  (await post('/client/renew', holder, { csr })).json.data as Renewed;

describe('client routes', () => {
  it.each([
    ['GET', '/client/certificate'],
    ['GET', '/client/status'],
    ['POST', '/client/renew'],
    ['POST', '/client/revoke'],
  ])('%s %s is 401 without a certificate, 403 with a revoked one', async (method, path) => {
    expect((await world.ask(path, null, { method })).json).toMatchObject({ code: 'unauthenticated' });
    const gone = await world.holder('gone');
    await world.tasks.call('revoke_serial', { serial: `0x${gone.serial}` });
    expect((await world.ask(path, gone, { method })).json).toMatchObject({ code: 'forbidden' });
  });
});

describe('client/certificate', () => {
  it('is the certificate that was presented, whichever is the newest of its name, with its chain', async () => {
    const older = await world.holder('twice');
    await world.holder('twice');
    const { json } = await world.ask('/client/certificate', older);
    const { serial, certificate, chain } = json.data as Renewed;
    expect(serial).toBe(older.serial);
    expect(certificate + chain).toBe(older.cert);
  });

  it.each(['?format=chain', ''])('is the file a server loads, by %j or Accept', async (query) => {
    const headers = query === '' ? { Accept: 'application/pem-certificate-chain' } : {};
    const answer = await world.ask(`/client/certificate${query}`, laptop, { headers });
    expect(answer.headers['content-type']).toMatch(/^application\/pem-certificate-chain/);
    expect(answer.text).toBe(laptop.cert);
  });
});

describe('client/status', () => {
  it('returns the state of the certificate and when to renew it (RFC 9773 §4.2)', async () => {
    const { json } = await world.ask('/client/status', laptop);
    const { notBefore, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', laptop.cert));
    const start = Math.floor(notBefore + ((notAfter - notBefore) * 2) / 3);
    expect(json.data).toMatchObject({
      cn: 'My laptop',
      serial: laptop.serial,
      profile: 'laptop',
      state: 'good',
      administrator: false,
      not_after: new Date(notAfter).toISOString(),
      sans: [
        { type: 'DNS', value: 'laptop.example.test' },
        { type: 'EMAIL', value: 'me@example.test' },
      ],
      renewal: { start: new Date(start).toISOString() },
    });
  });

  it('shows an administrator that it is one', async () => {
    const { json } = await world.ask('/client/status', world.alice);
    expect(json.data).toMatchObject({ administrator: true, profile: 'admin' });
  });
});

describe('client/renew', () => {
  it('issues a certificate with the same names and profile for the new key; the old one stays good', async () => {
    const key = newKey();
    const csr = requestPem([], { key, cn: 'whatever' });
    const { status, json } = await post('/client/renew', laptop, { csr });
    const { serial, certificate, chain } = json.data as Renewed;
    expect(status).toBe(201);
    const made = new X509Certificate(certificate);
    const old = new X509Certificate(laptop.cert);
    expect(made.publicKey.export({ type: 'spki', format: 'der' })).toEqual(spkiOf(key));
    expect([made.subject, made.subjectAltName]).toEqual([old.subject, old.subjectAltName]);
    expect(made.checkIssued(new X509Certificate(chain))).toBe(true);
    expect(serial).not.toBe(laptop.serial);

    const renewed = await world.ask('/client/status', holderOf(key, certificate + chain));
    expect(renewed.json.data).toMatchObject({ serial, profile: 'laptop', state: 'good' });
    expect((await world.ask('/client/status', laptop)).json.data).toMatchObject({ state: 'good' });
  });

  it('uses only the key of the CSR: other names in it have no effect', async () => {
    const { certificate } = await renew(laptop, requestPem(['bank.example.test']));
    expect(sansOf(certificate)).toBe(sansOf(laptop.cert));
    expect(new X509Certificate(certificate).subject).toBe(new X509Certificate(laptop.cert).subject);
  });

  it('returns the same certificate to a repeated request, also at the same moment, as after a lost answer', async () => {
    const csr = requestPem([], { cn: 'x' });
    const asked = await Promise.all([renew(laptop, csr), renew(laptop, csr), renew(laptop, csr)]);
    const again = await renew(laptop, csr);
    expect(new Set([...asked, again].map(({ serial }) => serial)).size).toBe(1);
    const other = await renew(laptop, requestPem([], { cn: 'x' }));
    expect(other.serial).not.toBe(again.serial);
  });

  it('with the same key makes a new certificate for it, not the one presented', async () => {
    const { serial } = await renew(laptop, requestPem([], { key: laptopKey, cn: 'x' }));
    expect(serial).not.toBe(laptop.serial);
  });

  it('never returns one that was revoked since', async () => {
    const csr = requestPem([], { cn: 'x' });
    const first = await renew(laptop, csr);
    await world.tasks.call('revoke_serial', { serial: `0x${first.serial}` });
    expect((await renew(laptop, csr)).serial).not.toBe(first.serial);
  });

  it('is not for administrators: no RA can have their certificates made', async () => {
    const alice = await world.admin('renewing');
    const { status, json } = await post('/client/renew', alice, { csr: requestPem([], { cn: 'x' }) });
    expect([status, json.code]).toEqual([403, 'forbidden']);
    expect(json.message).toContain('on the machine of the CA');
  });

  const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
  const forged = () => {
    const der = firstFromPem('CERTIFICATE REQUEST', requestPem([], { cn: 'x' }));
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    return toPem('CERTIFICATE REQUEST', der);
  };

  it.each<[number, string, () => unknown]>([
    [400, 'no CSR', () => ({})],
    [400, 'an empty one', () => ({ csr: '' })],
    [400, 'what is not PEM', () => ({ csr: 'nonsense' })],
    [400, 'a certificate', () => ({ csr: laptop.cert })],
    [400, 'one whose signature is not its key’s', () => ({ csr: forged() })],
    [400, 'one too long', () => ({ csr: 'x'.repeat(33_000) })],
    [422, 'a key too short', () => ({ csr: requestPem([], { key: rsa(1024), cn: 'x' }) })],
  ])('is %i naming the field for %s', async (status, _, body) => {
    const answer = await post('/client/renew', laptop, body());
    expect([answer.status, answer.json.field]).toEqual([status, 'csr']);
  });

  it('is 422 for a key on the operator’s list of compromised keys', async () => {
    const key = newKey();
    world.compromised.add(spkiFingerprint(parsePublicKey(spkiOf(key)).spki));
    const answer = await post('/client/renew', laptop, { csr: requestPem([], { key, cn: 'x' }) });
    expect([answer.status, answer.json]).toMatchObject([422, { code: 'unprocessable', field: 'csr' }]);
  });
});

describe('client/revoke', () => {
  it('accepts no hold, which its holder could end and which would prevent a real reason', async () => {
    const holder = await world.holder('on hold');
    for (const reason of ['certificateHold', 6]) {
      const { status, json } = await post('/client/revoke', holder, { reason });
      expect([status, json.field]).toEqual([400, 'reason']);
    }
    expect((await world.ask('/client/status', holder)).status).toBe(200);
  });

  it.each<[unknown, string]>([
    [undefined, 'unspecified'],
    [{}, 'unspecified'],
    [{ reason: 'keyCompromise' }, 'keyCompromise'],
    [{ reason: 1 }, 'keyCompromise'],
    [{ reason: 0 }, 'unspecified'],
    [{ reason: 10 }, 'aACompromise'],
  ])('with %j revokes the certificate presented, and no other of its name, for %s', async (body, reason) => {
    const name = `revoked ${JSON.stringify(body)}`.replace(/[^A-Za-z0-9 ]/g, '');
    const other = await world.holder(name);
    const holder = await world.holder(name);
    const { status, json } = await post('/client/revoke', holder, body);
    expect([status, json.data]).toEqual([200, { serial: holder.serial, reason }]);
    const seen = await world.tasks.call('ocsp_check', { serial: `0x${holder.serial}` });
    expect(seen).toMatchObject({ status: 'revoked', revoke_reason: reason });
    expect((await world.ask('/client/status', holder)).status).toBe(403);
    expect((await world.ask('/client/status', other)).status).toBe(200);
  });

  it.each([
    'removeFromCRL',
    8,
    7,
    11,
    -1,
    1.5,
    'KeyCompromise',
    '1',
    '',
    null,
    {},
  ])('refuses the reason %j, and revokes nothing (RFC 5280 §5.3.1)', async (reason) => {
    const { status, json } = await post('/client/revoke', laptop, { reason });
    expect([status, json]).toMatchObject([400, { code: 'invalidRequest', field: 'reason' }]);
    expect(json.message).toContain('keyCompromise (1)');
    expect((await world.ask('/client/status', laptop)).status).toBe(200);
  });

  it('is in the RA’s own record of a certificate that an ACME order got (RFC 9773 §4.2)', async () => {
    const holder = await world.holder('app.example.test', 'webapp');
    const account = anAccount();
    await world.store.createAccount(account);
    const order = anOrder(account);
    await world.store.createOrder(order, []);
    await world.store.recordIssuance(order.id, aCertificate(order, { serial: holder.serial }));
    await post('/client/revoke', holder, { reason: 4 });
    expect(await world.store.findCertificateBySerial(holder.serial)).toMatchObject({ revocationReason: 4 });
  });
});
