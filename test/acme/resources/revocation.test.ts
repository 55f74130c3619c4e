import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { generateSigningKey, signingKey } from '../../../tools/kit/jws-signer.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';
import { told } from '../../store/contract/audit.contract.js';
import { refused } from '../../support/refused.js';
import { createWorld, type World } from '../../support/world/world.js';

let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});
afterAll(() => world.close());

const solve = async () => {};
const issue = async (name: string, csr?: Buffer) =>
  (await client.issue({ names: [name], solve, ...(csr && { csr }) })).chain;

describe('§7.6: revocation', () => {
  it('is allowed for the account that ordered; a second time is alreadyRevoked', async () => {
    const certificate = await issue('a.example.test');
    await client.revoke(certificate, { reason: 1 });
    expect(await refused(client.revoke(certificate))).toMatchObject({ status: 400, type: 'alreadyRevoked' });
  });

  it('is in the audit log with the requester and the address, whatever its outcome', async () => {
    const certificate = await issue('audited.example.test');
    await world.store.ping();
    const before = (await told(world.store)).length;
    const other = await world.account();
    await refused(other.revoke(certificate));
    await client.revoke(certificate, { reason: 4 });
    await refused(client.revoke(certificate));
    const serial = new X509Certificate(certificate).serialNumber.toLowerCase();
    const entry = { from: '127.0.0.1', action: 'acme revoke-cert', details: { serial } };
    const ids = [other, client].map(({ accountUrl }) => `account ${accountUrl?.split('/').at(-1)}`);
    // Nobody waits for the record of a refusal; it is kept before what is asked of the store next.
    await world.store.ping();
    expect((await told(world.store)).slice(before)).toEqual([
      { ...entry, who: ids[0], outcome: 'unauthorized' },
      { ...entry, who: ids[1], outcome: 'success' },
      { ...entry, who: ids[1], outcome: 'alreadyRevoked' },
    ]);
  });

  it('is 503 with Retry-After when the CA’s answer is lost; a repeated request finds it done', async () => {
    const certificate = await issue('lost.example.test');
    world.ca.silent = true;
    const unanswered = await refused(client.revoke(certificate, { reason: 1 }));
    world.ca.silent = false;
    expect(unanswered).toMatchObject({ status: 503, type: 'serverInternal' });
    expect(unanswered.headers['retry-after']).toBe('5');
    expect(unanswered.problem.detail).toMatch(/may be revoked or not/);
    for (const _ of ['from the CA', 'from the store']) {
      expect(await refused(client.revoke(certificate))).toMatchObject({
        status: 400,
        type: 'alreadyRevoked',
      });
    }
  });

  it.each([
    'ES256',
    'RS256',
  ] as const)('by the certificate’s own %s key, without any account', async (alg) => {
    const { privateKey } = generateSigningKey(alg);
    const certificate = await issue('b.example.test', createCsr(['b.example.test'], { key: privateKey }).der);
    await world.client().revoke(certificate, { certificateKey: signingKey(privateKey, alg) });
    expect(await refused(client.revoke(certificate))).toMatchObject({ type: 'alreadyRevoked' });
  });

  it('is allowed with a key on the operator’s list: the list must not keep its certificate alive', async () => {
    let listed = false;
    const careful = await createWorld({ isCompromised: () => listed });
    const someone = await careful.account();
    const { privateKey } = generateSigningKey();
    const { der: csr } = createCsr(['c.example.test'], { key: privateKey });
    const { chain } = await someone.issue({ names: ['c.example.test'], solve, csr });
    listed = true;
    await careful.client().revoke(chain, { certificateKey: signingKey(privateKey, 'ES256') });
    expect(await refused(someone.revoke(chain))).toMatchObject({ type: 'alreadyRevoked' });
    await careful.close();
  });

  it('is allowed for an account with valid authorizations for every name, and for no other', async () => {
    const other = await world.account();
    const certificate = await issue('d.example.test');
    expect(await refused(other.revoke(certificate))).toMatchObject({ status: 403, type: 'unauthorized' });
    await other.issue({ names: ['d.example.test'], solve });
    await other.revoke(certificate);
  });

  it('is allowed with no key but the certificate’s', async () => {
    const certificate = await issue('e.example.test');
    for (const certificateKey of [generateSigningKey(), client.key]) {
      expect(await refused(world.client().revoke(certificate, { certificateKey }))).toMatchObject({
        status: 403,
        type: 'unauthorized',
      });
    }
  });

  it('is refused to a requester who only has the certificate’s public key', async () => {
    const { privateKey } = generateSigningKey();
    const certificate = await issue('h.example.test', createCsr(['h.example.test'], { key: privateKey }).der);
    const { revokeCert } = await client.directory();
    const payload = { certificate: new X509Certificate(certificate).raw.toString('base64url') };
    const protectedHeader = { jwk: signingKey(privateKey, 'ES256').jwk };
    const overrides = { useJwk: true, key: generateSigningKey(), protected: protectedHeader };
    expect(await refused(client.post(revokeCert, payload, overrides))).toMatchObject({ type: 'malformed' });
  });

  it.each([7, 8, 11, -1, 1.5])('is refused with reason %d as badRevocationReason', async (reason) => {
    const certificate = await issue('f.example.test');
    expect(await refused(client.revoke(certificate, { reason }))).toMatchObject({
      status: 400,
      type: 'badRevocationReason',
    });
  });

  it.each(['1', true, [1]])('is refused with reason %j', async (reason) => {
    const certificate = new X509Certificate(await issue('g.example.test')).raw.toString('base64url');
    const { revokeCert } = await client.directory();
    expect(await refused(client.post(revokeCert, { certificate, reason }))).toMatchObject({ status: 400 });
  });

  it('treats reason null as absent', async () => {
    const certificate = new X509Certificate(await issue('n.example.test')).raw.toString('base64url');
    const { revokeCert } = await client.directory();
    expect((await client.post(revokeCert, { certificate, reason: null })).status).toBe(200);
  });

  it('is refused for a certificate that is not ours', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const strange = createTestPki().certify(publicKey, { names: ['a.example.test'] });
    expect(await refused(client.revoke(strange))).toMatchObject({ status: 404, type: 'malformed' });
    const certificateKey = signingKey(privateKey, 'ES256');
    expect(await refused(client.revoke(strange, { certificateKey }))).toMatchObject({ type: 'malformed' });
  });

  it.each<[string, unknown]>([
    ['no certificate', {}],
    ['a certificate in PEM', { certificate: '-----BEGIN CERTIFICATE-----' }],
    ['a certificate that is no text', { certificate: 7 }],
    ['an empty certificate', { certificate: '' }],
    ['padding', { certificate: 'MAA=' }],
    ['DER that is no certificate', { certificate: Buffer.from('3003020101', 'hex').toString('base64url') }],
    [
      'DER that claims to be longer',
      { certificate: Buffer.from('3084ffffffff', 'hex').toString('base64url') },
    ],
  ])('is malformed with %s', async (_, payload) => {
    const { revokeCert } = await client.directory();
    expect(await refused(client.post(revokeCert, payload))).toMatchObject({ status: 400, type: 'malformed' });
  });

  it('is refused with both jwk and kid', async () => {
    const { revokeCert } = await client.directory();
    const overrides = { protected: { jwk: client.key.jwk } };
    expect(await refused(client.post(revokeCert, {}, overrides))).toMatchObject({ type: 'malformed' });
  });
});
