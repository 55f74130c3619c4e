import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormerBases } from '../../../src/ra/former-bases.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { links } from '../../../tools/kit/acme-transport.js';
import { generateSigningKey, signBinding, signingKey } from '../../../tools/kit/jws-signer.js';
import { refused } from '../../support/refused.js';
import { createWorld, type World } from '../../support/world/world.js';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});

afterAll(() => world.close());

describe('§7.3: new accounts', () => {
  it.each(['ES256', 'ES384', 'ES512', 'RS256', 'EdDSA'] as const)('are made with an %s key', async (alg) => {
    const client = world.client({ key: generateSigningKey(alg) });
    const answer = await client.newAccount({ contact: ['mailto:admin@example.test'] });
    expect(answer.status).toBe(201);
    expect(client.accountUrl).toMatch(new RegExp(`^${world.base}/acme/account/[0-9a-f]+$`));
    expect(answer.json).toEqual({
      status: 'valid',
      contact: ['mailto:admin@example.test'],
      termsOfServiceAgreed: true,
      orders: `${client.accountUrl}/orders`,
    });
  });

  it('are found again by their key, with 200 (§7.3.1)', async () => {
    const client = await world.account();
    const again = world.client({ key: client.key });
    const answer = await again.newAccount({
      contact: ['mailto:other@example.test'],
      termsOfServiceAgreed: false,
    });
    expect(answer.status).toBe(200);
    expect(again.accountUrl).toBe(client.accountUrl);
    expect(answer.json.contact).toEqual([]);
    expect((await again.newAccount({ onlyReturnExisting: true })).status).toBe(200);
  });

  it('are not created when the client requests only an existing one (§7.3.1)', async () => {
    const error = await refused(world.client().newAccount({ onlyReturnExisting: true }));
    expect(error).toMatchObject({ status: 400, type: 'accountDoesNotExist' });
  });

  it.each<[string, object, string]>([
    ['a contact of an unknown scheme', { contact: ['tel:+15551234'] }, 'unsupportedContact'],
    ['a contact that is no address', { contact: ['mailto:nobody'] }, 'invalidContact'],
    ['contacts that are no list', { contact: 'mailto:a@example.test' }, 'malformed'],
    ['an agreement that is no boolean', { termsOfServiceAgreed: 'yes' }, 'malformed'],
    ['onlyReturnExisting that is no boolean', { onlyReturnExisting: 1 }, 'malformed'],
  ])('are refused with %s', async (_, request, type) => {
    const error = await refused(world.client().newAccount(request));
    expect(error.type).toBe(type);
    expect(error.status).toBe(400);
  });

  it.each<[string, object]>([
    [
      'null in every optional member',
      { contact: null, onlyReturnExisting: null, externalAccountBinding: null },
    ],
    ['a blank in a contact', { contact: ['mailto: admin@example.test '] }],
    [
      'a binding nobody asked for',
      {
        externalAccountBinding: signBinding(
          { kid: 'of-another-authority', macKey: randomBytes(32).toString('base64url') },
          'https://other.example/new-account',
          generateSigningKey().jwk,
        ),
      },
    ],
    ['a binding that is none, and nobody asked for', { externalAccountBinding: 'x' }],
  ])('are made with %s', async (_, request) => {
    const client = world.client();
    const { newAccount } = await client.directory();
    const payload = { termsOfServiceAgreed: true, ...request };
    const { status, json } = await client.post<{ contact: string[] }>(newAccount, payload, { useJwk: true });
    expect(status).toBe(201);
    expect(json).not.toHaveProperty('externalAccountBinding');
    if ('contact' in request && request.contact) expect(json.contact).toEqual(['mailto:admin@example.test']);
  });

  it('treat a null agreement as absent, which the terms may refuse', async () => {
    const client = world.client();
    const { newAccount } = await client.directory();
    const asked = client.post(newAccount, { termsOfServiceAgreed: null }, { useJwk: true });
    expect(await refused(asked)).toMatchObject({ type: 'userActionRequired' });
  });

  it.each<[string, object]>([
    ['weak', { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') }],
    ['off its curve', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['symmetric', { kty: 'oct', k: 'AAAA' }],
  ])('are refused with a key that is %s, as badPublicKey (§6.2)', async (_, jwk) => {
    const client = world.client();
    const { newAccount } = await client.directory();
    const error = await refused(client.post(newAccount, {}, { useJwk: true, protected: { jwk } }));
    expect(error).toMatchObject({ status: 400, type: 'badPublicKey' });
  });

  it('are refused when the signature is not by the key in the request', async () => {
    const client = world.client();
    const { newAccount } = await client.directory();
    const { jwk } = generateSigningKey();
    const error = await refused(client.post(newAccount, {}, { useJwk: true, protected: { jwk } }));
    expect(error).toMatchObject({ status: 400, type: 'malformed' });
  });

  it('are refused with a key on the operator’s list', async () => {
    const key = generateSigningKey();
    const spki = createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' });
    const listed = createHash('sha256').update(spki).digest('base64url');
    const careful = await createWorld({ isCompromised: (fingerprint) => fingerprint === listed });
    expect(await refused(careful.client({ key }).newAccount())).toMatchObject({ type: 'badPublicKey' });
    const client = await careful.account();
    expect(await refused(client.keyChange(key))).toMatchObject({ type: 'badPublicKey' });
    await careful.close();
  });

  it('are created once, however many requests arrive at the same time', async () => {
    const key = generateSigningKey();
    const all = await Promise.all(Array.from({ length: 8 }, () => world.client({ key }).newAccount()));
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(all.map(({ headers }) => headers.location)).size).toBe(1);
  });
});

describe('§7.3.2: account update', () => {
  it('changes contacts and ignores what cannot be changed', async () => {
    const client = await world.account();
    const changed = await client.updateAccount({
      contact: ['mailto:new@example.test'],
      orders: 'x',
      status: 'revoked',
      nonsense: 1,
    });
    expect(changed).toMatchObject({ status: 'valid', contact: ['mailto:new@example.test'] });
    expect(await client.updateAccount({})).toEqual(changed);
    expect((await client.post(client.accountUrl ?? '', '')).json).toEqual(changed);
  });

  it('is refused for any other account', async () => {
    const [one, other] = [await world.account(), await world.account()];
    for (const payload of ['', { contact: [] }, { status: 'deactivated' }]) {
      expect(await refused(one.post(other.accountUrl ?? '', payload))).toMatchObject({
        status: 403,
        type: 'unauthorized',
      });
    }
    expect(await refused(one.post(`${other.accountUrl}/orders`, ''))).toMatchObject({
      status: 403,
      type: 'unauthorized',
    });
  });
});

describe('an account URL under a former name of the RA', () => {
  const FORMER = 'http://old.example:9000';

  it('still identifies the account, in requests and in a key change; a URL that was never issued does not', async () => {
    const client = await world.account();
    const former = (client.accountUrl ?? '').replace(world.base, FORMER);
    const renamed = world.client({ key: client.key, accountUrl: former });
    const order = (by: AcmeClient) => by.newOrder(['renamed.example.test']);
    expect(await refused(order(renamed))).toMatchObject({ type: 'accountDoesNotExist' });
    await new FormerBases(world.store).remember(FORMER);
    expect((await order(renamed)).body.status).toBe('pending');
    const rolled = await renamed.keyChange();
    expect((await order(rolled)).body.status).toBe('pending');
  });

  it('is stored before the client gets it', async () => {
    await world.account();
    const stored = new FormerBases(world.store);
    expect(await stored.includes(world.base)).toBe(true);
    expect(await stored.includes('https://localhost:1')).toBe(false);
  });
});

describe('null in an account update', () => {
  it('is treated as an absent member and changes nothing', async () => {
    const client = await world.account();
    await client.post(client.accountUrl ?? '', { contact: ['mailto:a@example.test'] });
    const { json } = await client.post(client.accountUrl ?? '', {
      contact: null,
      termsOfServiceAgreed: null,
      status: null,
    });
    expect(json).toMatchObject({ status: 'valid', contact: ['mailto:a@example.test'] });
  });
});

describe('§7.3.6: deactivation', () => {
  it('ends the account: every later request is unauthorized with 401', async () => {
    const client = await world.account();
    const order = await client.newOrder(['ended.example.test']);
    expect(await client.updateAccount({ status: 'deactivated' })).toMatchObject({ status: 'deactivated' });
    const attempts = [
      () => client.post(client.accountUrl ?? '', ''),
      () => client.order(order.url),
      () => client.newOrder(['a.example.test']),
      () => client.keyChange(),
      () => client.newAccount(),
      () => client.newAccount({ onlyReturnExisting: true }),
    ];
    for (const attempt of attempts) {
      expect(await refused(attempt())).toMatchObject({ status: 401, type: 'unauthorized' });
    }
  });
});

describe('§7.1.2.1: the list of orders', () => {
  it('comes in pages with Link rel="next", newest first, each order once', async () => {
    const client = await world.account();
    expect(await client.orders()).toEqual([]);
    const made: string[] = [];
    for (let index = 0; index < 55; index++)
      made.push((await client.newOrder([`n${index}.example.test`])).url);
    const first = await client.post<{ orders: string[] }>(`${client.accountUrl}/orders`, '');
    expect(first.json.orders.length).toBeLessThan(55);
    expect(links(first.headers, 'next')).toHaveLength(1);
    expect(links(first.headers, 'index')).toEqual([world.directoryUrl]);
    expect([...(await client.orders())].sort()).toEqual([...made].sort());
  });

  it('accepts only its own cursors', async () => {
    const client = await world.account();
    for (const query of ['cursor=../x', 'cursor=', 'cursor=a&cursor=b']) {
      expect(await refused(client.post(`${client.accountUrl}/orders?${query}`, ''))).toMatchObject({
        type: 'malformed',
      });
    }
    expect(await refused(client.post(`${client.accountUrl}/orders`, {}))).toMatchObject({
      type: 'malformed',
    });
  });
});

describe('keys and their owners', () => {
  it('are distinguished: a signature by another account’s key under a kid is refused', async () => {
    const [one, other] = [await world.account(), await world.account()];
    const key = signingKey(other.key.privateKey, 'ES256');
    expect(await refused(one.post(one.accountUrl ?? '', '', { key }))).toMatchObject({ type: 'malformed' });
  });
});
