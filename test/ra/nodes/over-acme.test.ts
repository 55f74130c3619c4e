import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/lib/time.js';
import { rememberToldApart } from '../../../src/ra/nodes/renewable.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { signingKey } from '../../../tools/kit/jws-signer.js';
import type { Holder } from '../../support/https.js';
import { refused } from '../../support/refused.js';
import { newKey, requestPem } from '../../support/requests.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld().start();
});
afterEach(() => {
  world.time.offset = 0;
});
afterAll(() => world.close());

const noChallenge = () => Promise.reject(new Error('a challenge was asked for'));
const renew = (as: Holder) =>
  world.ask('/client/renew', as, { method: 'POST', body: { csr: requestPem([], { cn: 'x' }) } });
const remove = (cn: string) => world.ask(`/private/nodes/${cn}`, world.alice, { method: 'DELETE' });
const stateOf = async (serial: string) =>
  (await world.tasks.call('view', { dn: BigInt(`0x${serial}`) })).status;
const serialOf = (chain: string) => new X509Certificate(chain).serialNumber.toLowerCase();
/** Servers that are TLS clients too, without which a certificate cannot be presented. */
const profile = 'webapp';

/** A node with a certificate that it got over ACME. */
async function ordered(cn: string) {
  const node = await world.enrolled({ cn });
  const { client } = await world.acme(node);
  const { der, key } = createCsr([cn]);
  const { chain } = await client.issue({ names: [cn], csr: der, solve: noChallenge, order: { profile } });
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { node, client, key, chain, holder: { key: pem, cert: chain }, serial: serialOf(chain) };
}

describe('client/renew with a certificate that was got over ACME', () => {
  it('is 403 that names the way', async () => {
    const { holder } = await ordered('acme.example.test');
    const answer = await renew(holder);
    expect([answer.status, answer.json.message]).toEqual([
      403,
      expect.stringContaining('renew it over ACME'),
    ]);
  });

  it('is 403 too when this RA has no record of it, by the record of the CA', async () => {
    const key = newKey();
    const { certificate } = await world.tasks.call('acme_issue_certificate', {
      order_id: 'another-ras',
      account_id: 'a',
      csr: requestPem(['elsewhere.example.test'], { key }),
      profile,
    });
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect((await renew({ key: pem, cert: certificate })).status).toBe(403);
  });

  it('is 403 for a renewal of it that an older version made, not for what was made since or given first', async () => {
    const name = 'older.example.test';
    const given = await world.holder('given.example.test', profile, { names: ['given.example.test'] });
    const order = { order_id: 'older', account_id: 'a', csr: requestPem([name]), profile };
    await world.tasks.call('acme_issue_certificate', order);
    const former = await world.holder(name, profile, { names: [name] });
    expect((await renew(former)).status).toBe(201);
    world.time.offset = HOUR;
    await rememberToldApart(world.store, Date.now() + HOUR);
    expect([(await renew(former)).status, (await renew(given)).status]).toEqual([403, 201]);
    await world.store.putSetting('acme renewals told apart since', '0');
    await rememberToldApart(world.store, Date.now() + HOUR);
    expect((await renew(former)).status).toBe(201);
  });
});

describe('what was renewed, or certified by a seed', () => {
  it('is revoked over ACME by its key (RFC 8555 §7.6), and by an administrator', async () => {
    const key = newKey();
    const node = await world.enrolled({ cn: 'renewals.example.test' });
    const body = { csr: requestPem([], { key, cn: 'x' }) };
    const renewed = (await world.ask('/client/renew', node, { method: 'POST', body })).json.data;
    const { client } = await world.acme(null);
    expect(await refused(client.revoke(renewed.certificate, { reason: 1 }))).toMatchObject({ status: 404 });
    await client.revoke(renewed.certificate, { reason: 4, certificateKey: signingKey(key, 'ES256') });
    expect(await stateOf(renewed.serial)).toBe('revoked');
    const again = client.revoke(renewed.certificate, { certificateKey: signingKey(key, 'ES256') });
    expect(await refused(again)).toMatchObject({ type: 'alreadyRevoked' });

    const answer = await world.ask('/private/certificates/actions/revoke', world.alice, {
      method: 'POST',
      body: { serial: node.serial, reason: 'superseded' },
    });
    expect([answer.status, await stateOf(node.serial)]).toEqual([200, 'revoked']);
  });
});

describe('the end of a node', () => {
  it('ends every certificate it ever got, also one got over ACME whose order and proof would have been purged', async () => {
    const cn = 'every.example.test';
    const { node, serial } = await ordered(cn);
    const renewed = await world.renewed(node);
    const again = await world.renewed(renewed);
    const late = Date.now() + 20 * 24 * HOUR;
    while ((await world.store.purgeFinished(late, 500)) > 0);
    while ((await world.store.purgeExpired(late, 500)) > 0);
    const answer = await remove(cn);
    expect(answer.status).toBe(200);
    const all = [node.serial, serial, renewed.serial, again.serial];
    expect(answer.json.data.revoked.sort()).toEqual([...all].sort());
    for (const each of all) expect(await stateOf(each)).toBe('revoked');
  });
});
