import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signingKey } from '../../../tools/kit/jws-signer.js';
import type { Holder } from '../../support/https.js';
import { newKey, requestPem } from '../../support/requests.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld().start();
});
afterAll(() => world.close());

const renew = (as: Holder) =>
  world.ask('/client/renew', as, { method: 'POST', body: { csr: requestPem(['evil.example.test']) } });
const remove = (cn: string) => world.ask(`/private/nodes/${cn}`, world.alice, { method: 'DELETE' });
const stateOf = async (serial: string) =>
  (await world.tasks.call('view', { dn: BigInt(`0x${serial}`) })).status;

it('the renewal of a certificate that no node has is in the records of the RA, revoked by its key and by an administrator', async () => {
  const made = await world.holder('kept.test', 'webapp', { names: ['kept.test'] });
  const serial = new X509Certificate(made.cert).serialNumber.toLowerCase();
  const shown = async (which: string) =>
    (await world.ask(`/private/certificates/${which}`, world.alice)).json.data;
  const renewed = async () => {
    const key = newKey();
    const body = { csr: requestPem([], { key, cn: 'x' }) };
    const answer = await world.ask('/client/renew', made, { method: 'POST', body });
    expect(answer.status, answer.text).toBe(201);
    const chain: string = answer.json.data.certificate;
    return { key, chain, serial: new X509Certificate(chain).serialNumber.toLowerCase() };
  };
  const [first, second] = [await renewed(), await renewed()];
  expect(await shown(first.serial)).toMatchObject({
    origin: `a renewal by its holder, of ${serial}`,
    proofs: [],
  });
  await (await world.acme(null)).client.revoke(first.chain, {
    reason: 4,
    certificateKey: signingKey(first.key, 'ES256'),
  });
  expect(await shown(first.serial)).toMatchObject({ state: 'revoked', reason: 'superseded' });
  const body = { serial: second.serial, reason: 'cessationOfOperation' };
  await world.ask('/private/certificates/actions/revoke', world.alice, { method: 'POST', body });
  expect(await shown(second.serial)).toMatchObject({ state: 'revoked' });
});

describe('a node at client/renew', () => {
  it('gets the registered names, for the key of a new CSR, any number of times', async () => {
    const node = await world.enrolled({ cn: 'again.example.test', sans: ['192.0.2.1'] });
    const first = await world.renewed(node);
    const second = await renew(first);
    expect(second.status).toBe(201);
    const leaf = new X509Certificate(second.json.data.certificate);
    expect(leaf.subjectAltName).toBe('DNS:again.example.test, IP Address:192.0.2.1');
    expect(leaf.subject).toBe('CN=again.example.test');
  });

  it.each([
    ['?format=chain', {}],
    ['', { accept: 'application/pem-certificate-chain' }],
  ])('gets the file a server loads by %j %j', async (query, headers) => {
    const node = await world.enrolled({ cn: `file${query.length}.example.test` });
    const body = { csr: requestPem([]) };
    const answer = await world.ask(`/client/renew${query}`, node, { method: 'POST', body, headers });
    expect([answer.status, answer.text.match(/BEGIN CERTIFICATE/g)?.length]).toEqual([201, 2]);
    expect(answer.headers['content-type']).toContain('application/pem-certificate-chain');
  });

  it('is removed with all its renewed certificates', async () => {
    const node = await world.enrolled({ cn: 'ends.example.test' });
    const first = await world.renewed(node);
    const second = await world.renewed(first);
    const { revoked } = (await remove('ends.example.test')).json.data;
    expect(revoked.sort()).toEqual([node.serial, first.serial, second.serial].sort());
    for (const serial of revoked) expect(await stateOf(serial)).toBe('revoked');
    expect((await renew(second)).status).toBe(403);
  });

  it('renews after it was registered again with the same names, not with others', async () => {
    const node = await world.enrolled({ cn: 'anew.example.test', sans: ['old.example.test'] });
    await world.register({ cn: 'anew.example.test', sans: ['old.example.test'], replace: true });
    const renewed = await world.renewed(node);
    await world.register({ cn: 'anew.example.test', replace: true });
    const refused = await renew(renewed);
    expect([refused.status, refused.json.message]).toEqual([403, expect.stringContaining('registered anew')]);
  });

  it('gets nothing while its removal is not complete', async () => {
    const node = await world.enrolled({ cn: 'going.example.test' });
    world.faults.revoke = () => Promise.reject(new Error('a fault of ours'));
    expect((await remove('going.example.test')).status).toBe(500);
    delete world.faults.revoke;
    const refused = await renew(node);
    expect([refused.status, refused.json.message]).toEqual([403, 'the node is being removed']);
  });

  it('whose removal overtakes the renewal gets nothing, and the new certificate is revoked', async () => {
    const node = await world.enrolled({ cn: 'overtaken.example.test' });
    let made = '';
    world.faults.reissue = async (carryOut) => {
      const issued = await carryOut();
      made = issued.serial;
      await world.store.beginNodeRemoval('overtaken.example.test', Date.now());
      return issued;
    };
    const refused = await renew(node);
    delete world.faults.reissue;
    expect([refused.status, refused.text.includes('BEGIN')]).toEqual([403, false]);
    expect(await stateOf(made)).toBe('revoked');
  });
});

describe('who is no node', () => {
  it('renews as ever', async () => {
    const user = await world.holder('Ada');
    expect((await renew(user)).status).toBe(201);
  });
});
