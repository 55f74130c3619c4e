import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RegisteredPeers } from '../../../src/ca/peers/registered-peers.js';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import { FailoverChannel } from '../../../src/channel/failover.js';
import { type OperationsTasks, operations } from '../../../src/channel/tasks/index.js';
import { TaskClient } from '../../../src/channel/typed-client.js';
import { PROGRAM } from '../../../src/store/contract/audit.js';
import { openCaStore } from '../../../src/store/index.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { aRecord } from '../../../tools/kit/facts.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

/** Two CAs with the same keys on one PostgreSQL. */
let database: Awaited<ReturnType<typeof createDatabase>>;
let first: CaWorld;
let second: CaWorld;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  first = await new CaWorld({ databaseUrl: database.url }).start();
  second = await new CaWorld({ databaseUrl: database.url }, {}, first).start();
});
afterEach(async () => {
  await first.close();
  await second.close();
  await withClient(database.url, (client) => client.query('DROP SCHEMA upki_ca CASCADE'));
});

type Ca = TaskClient<OperationsTasks>;

/** An RA registered at the first CA, and its connections to both. */
async function connected(): Promise<[Ca, Ca]> {
  const keys = newCurveKeyPair();
  const cn = 'ra.example.test';
  await first
    .registration()
    .call('register', { cn, csr: requestPem([cn]), curve_public_key: keys.publicKey });
  return [first.operations(keys), second.operations(keys)];
}

const serialOf = (pem: string) => parseCertificate(firstFromPem('CERTIFICATE', pem)).serial;
const crlOf = async (ca: Ca) => {
  const der = Buffer.from(await ca.call('get_crl', {}), 'base64');
  const { number, entries } = parseCrl(der);
  return { der, number: Number(number), serials: entries.map(({ serial }) => serial) };
};
const order = (orderId: string) => ({
  order_id: orderId,
  account_id: 'account',
  profile: 'server',
  identifiers: [{ type: 'dns' as const, value: `${orderId}.example.test` }],
  csr: requestPem([`${orderId}.example.test`], { key: KEY }),
});
const KEY = newKey();

describe('two CAs on one database', () => {
  it('admit RAs that registered with either, under one root', async () => {
    const [a, b] = await connected();
    expect(await b.call('ping', {})).toBe(true);
    expect(await a.call('get_ca', {})).toBe(await b.call('get_ca', {}));
    expect(first.running.operationsPublicKey).toBe(second.running.operationsPublicKey);
  });

  it('two CAs that get one order at the same moment both return the same, only certificate', async () => {
    const [a, b] = await connected();
    for (let round = 0; round < 5; round += 1) {
      const request = order(`order${round}`);
      const answers = await Promise.all([a, b, a, b].map((ca) => ca.call('acme_issue_certificate', request)));
      expect(new Set(answers.map(({ certificate }) => certificate)).size).toBe(1);
    }
    const { certificates } = await a.call('list_certificates', { limit: 100 });
    expect(certificates.filter(({ profile }) => profile === 'server')).toHaveLength(5);
  });

  it('show each other’s revocations at once: in status, OCSP and CRL', async () => {
    const [a, b] = await connected();
    for (const [revoker, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { certificate } = await revoker.call('sign', { csr: requestPem(['gone.example.test']) });
      const serial = serialOf(certificate);
      expect((await crlOf(other)).serials).not.toContain(serial);
      await revoker.call('revoke_serial', { serial, reason: 'keyCompromise' });
      expect((await crlOf(other)).serials).toContain(serial);
      expect((await crlOf(revoker)).serials).toContain(serial);
      expect((await other.call('ocsp_check', { serial })).status).toBe('revoked');
      expect(await other.call('revoke_serial', { serial, reason: 'superseded' })).toEqual({ already: true });
    }
  });

  it('RFC 5280 §5.2.3: use each CRL number once, increasing, whichever CA signs', async () => {
    const [a, b] = await connected();
    const seen = new Map<number, Buffer>();
    let last = 0;
    for (let round = 0; round < 6; round += 1) {
      const revoker = round % 2 === 0 ? a : b;
      const { certificate } = await revoker.call('sign', { csr: requestPem([`r${round}.example.test`]) });
      const reading = Promise.all([
        crlOf(a),
        crlOf(b),
        a.call('generate_crl', {}),
        b.call('generate_crl', {}),
      ]);
      await revoker.call('revoke_serial', { serial: serialOf(certificate), reason: 'superseded' });
      await reading;
      const [fromA, fromB] = [await crlOf(a), await crlOf(b)];
      for (const { number, der, serials } of [fromA, fromB]) {
        expect(serials).toContain(serialOf(certificate));
        expect(number).toBeGreaterThan(last);
        const known = seen.get(number);
        if (known) expect(der.equals(known)).toBe(true);
        seen.set(number, der);
      }
      last = Math.max(fromA.number, fromB.number);
    }
  });

  it('an RA switches to the other CA when one stops in the middle of its work: every order gets one certificate', async () => {
    const [, b] = await connected();
    const keys = newCurveKeyPair();
    const cn = 'other-ra.example.test';
    await second
      .registration()
      .call('register', { cn, csr: requestPem([cn]), curve_public_key: keys.publicKey });
    const channel = new FailoverChannel({
      endpoints: [first.endpoint, second.endpoint],
      security: { mode: 'curve', serverKey: first.running.operationsPublicKey, keys },
    });
    const ra = new TaskClient(operations, channel);
    await ra.call('ping', {});
    const orders = Array.from({ length: 40 }, (_, index) => `load${index}`);
    const issuing = orders.map((id) => ra.call('acme_issue_certificate', order(id)));
    await issuing[0];
    await first.stop();
    const answers = await Promise.all(issuing);
    channel.close();
    expect(new Set(answers.map(({ serial }) => serial)).size).toBe(40);
    const { certificates } = await b.call('list_certificates', { limit: 500 });
    expect(certificates.filter(({ cn: name }) => name.startsWith('load'))).toHaveLength(40);
  });
});

it('the other CA notices a key that one CA blocks, once', async () => {
  const stores = [await openCaStore(database.url), await openCaStore(database.url)];
  const dropped = [vi.fn(), vi.fn()];
  const [here, there] = stores.map(
    (store, index) => new RegisteredPeers(store, dropped[index] ?? (() => {})),
  );
  if (!here || !there) throw new Error('two stores');
  await here.watch(() => {});
  await there.watch(() => {});
  const [store] = stores;
  const registered = aRecord({ cn: 'ra1', profile: 'ra' });
  await store?.recordCertificate(registered);
  await here.admit('k'.repeat(40), 'ra', registered, PROGRAM);
  await there.look();
  expect(dropped[1]).not.toHaveBeenCalled();
  await store?.revoke(registered.serial, 2, 1);
  await here.look();
  expect(dropped[0]).toHaveBeenCalledTimes(1);
  expect(await there.admits('k'.repeat(40))).toBe(false);
  for (const peers of [there, here, there]) await peers.look();
  expect(dropped.map((each) => each.mock.calls.length)).toEqual([1, 1]);
  for (const peers of [here, there]) peers.stop();
  for (const store of stores) await store.close();
});
