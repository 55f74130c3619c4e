import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CaClient } from '../../src/ra/ca/client.js';
import { CompromisedKeys } from '../../src/ra/ca/compromised-keys.js';
import { spkiFingerprint } from '../../src/x509/spki.js';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { createCsr } from '../../tools/kit/csr.js';
import { generateSigningKey, signingKey } from '../../tools/kit/jws-signer.js';
import type { Holder } from '../support/https.js';
import { refused } from '../support/refused.js';
import { newKey, requestPem } from '../support/requests.js';
import { JoinedWorld } from '../support/world/joined.js';

const NAME = 'keys.example.test';
let world: JoinedWorld;
let node: Holder & { serial: string };
const fingerprint = (key: KeyObject) =>
  spkiFingerprint(createPublicKey(key).export({ type: 'spki', format: 'der' }));

beforeAll(async () => {
  world = await new JoinedWorld().start();
  node = await world.enrolled({ cn: NAME });
});
afterAll(() => world.close());

const noChallenge = () => Promise.reject(new Error('a challenge was asked for'));

/** A certificate got over ACME, and its key. */
async function issued() {
  const { client } = await world.acme(node);
  const { der, key } = createCsr([NAME]);
  const { chain, order } = await client.issue({ names: [NAME], csr: der, solve: noChallenge });
  return { client, chain, key, order };
}

let names = 0;

/** How every way in answers to a key. */
async function answersTo(key: KeyObject) {
  const { client, agent } = await world.acme(node);
  const order = await client.newOrder([NAME]);
  const { der } = createCsr([NAME], { key });
  const finalize = await refused(client.finalize(order, der));
  const { status } = await client.order(order.url);
  const account = new AcmeClient({
    directoryUrl: `${world.base}/acme/directory`,
    ca: world.root,
    agent,
    key: signingKey(key, 'ES256'),
  });
  const newAccount = await refused(account.newAccount());
  const keyChange = await refused(client.keyChange(signingKey(key, 'ES256')));
  const { seed } = await world.register({ cn: `node${names++}.example.test` });
  const certify = await world.ask('/public/certify', null, {
    method: 'POST',
    body: { seed, csr: requestPem([], { key, cn: null }) },
  });
  const renew = await world.ask('/client/renew', node, {
    method: 'POST',
    body: { csr: requestPem([], { key, cn: 'x' }) },
  });
  return {
    finalize: [finalize.status, finalize.type, status],
    newAccount: newAccount.type,
    keyChange: keyChange.type,
    certify: certify.status,
    renew: renew.status,
  };
}

const REFUSED = {
  finalize: [400, 'badCSR', 'ready'],
  newAccount: 'badPublicKey',
  keyChange: 'badPublicKey',
  certify: 403,
  renew: 422,
};

describe('a compromised key is refused everywhere, and its order stays ready for another CSR', () => {
  it('when it is on the operator’s list', async () => {
    const key = newKey();
    world.compromised.add(fingerprint(key));
    expect(await answersTo(key)).toEqual(REFUSED);
  });

  it('from the moment its certificate was revoked with keyCompromise over ACME, by the key itself', async () => {
    const { client, chain, key } = await issued();
    await client.revoke(chain, { reason: 1, certificateKey: signingKey(key, 'ES256') });
    expect(await answersTo(key)).toEqual(REFUSED);
  });

  it('from the moment an administrator revoked it with keyCompromise', async () => {
    const { key } = await issued();
    const { serial } = (await world.tasks.call('certificate_history', { cn: NAME }))[0] ?? { serial: '' };
    const body = { serial, reason: 'keyCompromise' };
    const answer = await world.ask('/private/certificates/actions/revoke', world.alice, {
      method: 'POST',
      body,
    });
    expect(answer.status, answer.text).toBe(200);
    expect(await answersTo(key)).toEqual(REFUSED);
  });

  it('on another replica too, once that has queried the CA', async () => {
    const replica = new CompromisedKeys({
      ca: new CaClient({ client: world.tasks }),
      onError: () => undefined,
    });
    const privateKey = newKey();
    const csr = requestPem(['r.example.test'], { key: privateKey });
    const { serial } = await world.tasks.call('sign', { csr });
    await replica.refresh();
    const key = fingerprint(privateKey);
    expect(replica.has(key)).toBe(false);
    await new CaClient({ client: world.tasks }).revoke(serial, 1);
    await replica.refresh();
    expect(replica.has(key)).toBe(true);
  });

  it('before another replica has queried the CA: finalize reports the CA’s refusal, and the order accepts another key', async () => {
    const { client } = await world.acme(node);
    const key = newKey();
    const csr = requestPem(['r.example.test'], { key });
    const { serial } = await world.tasks.call('sign', { csr });
    // Straight at the CA: this RA has not asked it since.
    await world.tasks.call('revoke_serial', { serial, reason: 'keyCompromise' });
    const order = await client.newOrder([NAME]);
    const finalize = await refused(client.finalize(order, createCsr([NAME], { key }).der));
    expect([finalize.status, finalize.type, (await client.order(order.url)).status]).toEqual([
      400,
      'badCSR',
      'ready',
    ]);
    expect((await client.finalize(order, createCsr([NAME]).der)).status).toBe('valid');
  });

  it('not when the reason was another', async () => {
    const { client, chain, key } = await issued();
    await client.revoke(chain, { reason: 4 });
    const order = await client.newOrder([NAME]);
    expect((await client.finalize(order, createCsr([NAME], { key }).der)).status).toBe('valid');
  });
});

describe('an account whose key became compromised', () => {
  let client: AcmeClient;
  beforeEach(async () => {
    ({ client } = await world.acme(node));
  });

  it('orders and finalizes nothing, and continues with a new key', async () => {
    const order = await client.newOrder([NAME]);
    world.compromised.add(fingerprint(client.key.privateKey));
    expect(await refused(client.newOrder([NAME]))).toMatchObject({ status: 400, type: 'badPublicKey' });
    const { der } = createCsr([NAME]);
    expect(await refused(client.finalize(order, der))).toMatchObject({ status: 400, type: 'badPublicKey' });
    const changed = await client.keyChange(generateSigningKey());
    expect((await changed.finalize(order, der)).status).toBe('valid');
  });
});

describe('a hold', () => {
  it('is refused to a holder over ACME; a later keyCompromise still counts', async () => {
    const { client, chain, key } = await issued();
    for (const by of [{}, { certificateKey: signingKey(key, 'ES256') }]) {
      const error = await refused(client.revoke(chain, { reason: 6, ...by }));
      expect([error.status, error.type]).toEqual([400, 'badRevocationReason']);
    }
    await client.revoke(chain, { reason: 1 });
    expect(await answersTo(key)).toEqual(REFUSED);
  });

  it('is refused to a holder over REST; a later keyCompromise still counts', async () => {
    const held = await world.enrolled({ cn: 'held.example.test' });
    const revoke = (reason: string) =>
      world.ask('/client/revoke', held, { method: 'POST', body: { reason } });
    expect((await revoke('certificateHold')).status).toBe(400);
    expect((await revoke('keyCompromise')).status).toBe(200);
    const { seed } = await world.register({ cn: 'held2.example.test' });
    const body = { seed, csr: requestPem([], { key: createPrivateKey(held.key), cn: null }) };
    expect((await world.ask('/public/certify', null, { method: 'POST', body })).status).toBe(403);
  });

  it('by an administrator does not stand in the way of a later keyCompromise by the holder', async () => {
    const { client, chain, key } = await issued();
    const serial = (await world.tasks.call('certificate_history', { cn: NAME }))[0]?.serial ?? '';
    await world.tasks.call('revoke_serial', { serial: `0x${serial}`, reason: 'certificateHold' });
    await client.revoke(chain, { reason: 1 });
    expect(await answersTo(key)).toEqual(REFUSED);
  });
});

describe('notBefore of an order', () => {
  it('is at most 48 hours ahead', async () => {
    const { client } = await world.acme(node);
    const ahead = (hours: number) => new Date(Date.now() + hours * 3600_000).toISOString();
    expect(await refused(client.newOrder([NAME], { notBefore: ahead(49) }))).toMatchObject({
      status: 400,
      type: 'malformed',
    });
    expect((await client.newOrder([NAME], { notBefore: ahead(47) })).body.status).toBe('ready');
  });
});
