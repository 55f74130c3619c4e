import { createHash, createHmac, createPublicKey, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExternalAccountKeys } from '../../../src/acme/external-account.js';
import { FormerBases } from '../../../src/ra/former-bases.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { links, type PostOverrides } from '../../../tools/kit/acme-transport.js';
import { generateSigningKey, signBinding, signingKey, signJws } from '../../../tools/kit/jws-signer.js';
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

describe('§7.3.5: key change', () => {
  it('moves the account to the new key; the old key is refused', async () => {
    const client = await world.account();
    const next = await client.keyChange(generateSigningKey('ES384'));
    expect((await next.post(client.accountUrl ?? '', '')).status).toBe(200);
    expect(await refused(client.post(client.accountUrl ?? '', ''))).toMatchObject({ status: 400 });
    expect(
      await refused(world.client({ key: client.key }).newAccount({ onlyReturnExisting: true })),
    ).toMatchObject({
      type: 'accountDoesNotExist',
    });
    const found = world.client({ key: next.key });
    await found.newAccount({ onlyReturnExisting: true });
    expect(found.accountUrl).toBe(client.accountUrl);
  });

  it('is refused with 409 and the Location of the account that has the key', async () => {
    const [client, other] = [await world.account(), await world.account()];
    const error = await refused(client.keyChange(other.key));
    expect(error.status).toBe(409);
    expect(error.headers.location).toBe(other.accountUrl);
  });

  const newKey = generateSigningKey();
  type Inner = (client: AcmeClient, url: string) => unknown;
  const payloadOf = (client: AcmeClient) => ({ account: client.accountUrl, oldKey: client.key.jwk });
  const header = (url: string) => ({ alg: 'ES256', jwk: newKey.jwk, url });
  it.each<[string, Inner, string?]>([
    ['no inner JWS', () => ({})],
    ['an empty payload', () => ''],
    ['an inner JWS that is a text', () => '"abc"'],
    [
      'a kid inside',
      (client, url) => signJws(newKey, { alg: 'ES256', kid: client.accountUrl, url }, payloadOf(client)),
    ],
    ['kid and jwk inside', (client, url) => signJws(newKey, { ...header(url), kid: 'x' }, payloadOf(client))],
    [
      'a nonce inside',
      (client, url) => signJws(newKey, { ...header(url), nonce: 'AAAA' }, payloadOf(client)),
    ],
    ['another url inside', (client, url) => signJws(newKey, header(`${url}x`), payloadOf(client))],
    ['no url inside', (client) => signJws(newKey, { alg: 'ES256', jwk: newKey.jwk }, payloadOf(client))],
    [
      'another account inside',
      (client, url) =>
        signJws(newKey, header(url), { ...payloadOf(client), account: `${client.accountUrl}0` }),
    ],
    ['no account inside', (client, url) => signJws(newKey, header(url), { oldKey: client.key.jwk })],
    ['no oldKey', (client, url) => signJws(newKey, header(url), { account: client.accountUrl })],
    [
      'another oldKey',
      (client, url) => signJws(newKey, header(url), { ...payloadOf(client), oldKey: newKey.jwk }),
    ],
    [
      'an oldKey that is no key',
      (client, url) => signJws(newKey, header(url), { ...payloadOf(client), oldKey: {} }),
      'badPublicKey',
    ],
    [
      'the same key',
      (client, url) => signJws(client.key, { alg: 'ES256', jwk: client.key.jwk, url }, payloadOf(client)),
    ],
    [
      'an inner signature by the old key',
      (client, url) => signJws(client.key, header(url), payloadOf(client)),
    ],
    ['an inner payload that is no object', (_, url) => signJws(newKey, header(url), '[]')],
    ['an empty inner payload', (_, url) => signJws(newKey, header(url), '')],
    [
      'an inner alg of none',
      (client, url) => signJws(newKey, { ...header(url), alg: 'none' }, payloadOf(client)),
      'badSignatureAlgorithm',
    ],
    [
      'a general inner JWS',
      (client, url) => ({ signatures: [signJws(newKey, header(url), payloadOf(client))] }),
    ],
  ])('is refused with %s', async (_, inner, type = 'malformed') => {
    const client = await world.account();
    const { keyChange } = await client.directory();
    const error = await refused(client.post(keyChange, inner(client, keyChange)));
    expect(error).toMatchObject({ status: 400, type });
    expect((await client.post(client.accountUrl ?? '', '')).status).toBe(200);
  });

  it('treats null in the inner header as an absent member', async () => {
    const client = await world.account();
    const { keyChange } = await client.directory();
    const next = generateSigningKey();
    const protectedHeader = { alg: 'ES256', jwk: next.jwk, url: keyChange, kid: null, nonce: null };
    const inner = signJws(next, protectedHeader, payloadOf(client));
    expect((await client.post(keyChange, inner)).status).toBe(200);
  });

  it('is refused when the outer JWS carries a jwk', async () => {
    const client = await world.account();
    const { keyChange } = await client.directory();
    const inner = signJws(newKey, header(keyChange), payloadOf(client));
    expect(await refused(client.post(keyChange, inner, { useJwk: true }))).toMatchObject({
      type: 'malformed',
    });
  });
});

describe('§7.3.4: external account binding', () => {
  const macKey = randomBytes(32).toString('base64url');
  const keys = parseExternalAccountKeys(JSON.stringify({ 'kid-1': macKey }));
  let bound: World;
  beforeAll(async () => {
    bound = await createWorld({ settings: { externalAccounts: { required: true, keys } } });
  });
  afterAll(() => bound.close());

  it.each(['HS256', 'HS384', 'HS512'] as const)('binds with %s and shows the binding', async (alg) => {
    const client = bound.client();
    const { json, status } = await client.newAccount({ externalAccount: { kid: 'kid-1', macKey, alg } });
    expect(status).toBe(201);
    expect(json.externalAccountBinding).toMatchObject({
      protected: expect.any(String),
      payload: expect.any(String),
    });
  });

  it('is required when the operator sets it, but not for existing accounts', async () => {
    expect(await refused(bound.client().newAccount())).toMatchObject({
      status: 403,
      type: 'externalAccountRequired',
    });
    const client = bound.client();
    await client.newAccount({ externalAccount: { kid: 'kid-1', macKey } });
    expect((await bound.client({ key: client.key }).newAccount()).status).toBe(200);
  });

  const wrong = randomBytes(32).toString('base64url');
  const strange = generateSigningKey().jwk;
  type Binding = (client: AcmeClient, url: string) => unknown;
  const header = <T extends { protected: string }>(jws: T, change: object) => ({
    ...jws,
    protected: Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(jws.protected, 'base64url').toString()), ...change }),
    ).toString('base64url'),
  });
  const good = (client: AcmeClient, url: string) =>
    signBinding({ kid: 'kid-1', macKey }, url, client.key.jwk);
  it('may have null in members that it does not use', async () => {
    const client = bound.client();
    const { newAccount } = await client.directory();
    const jws = header(good(client, newAccount), { nonce: null, jwk: null });
    const signature = createHmac('sha256', Buffer.from(macKey, 'base64url'))
      .update(`${jws.protected}.${jws.payload}`)
      .digest('base64url');
    const externalAccountBinding = { ...jws, signature, header: null };
    const payload = { termsOfServiceAgreed: true, externalAccountBinding };
    expect((await client.post(newAccount, payload, { useJwk: true })).status).toBe(201);
  });

  it.each<[string, Binding, string]>([
    [
      'an unknown key id',
      (client, url) => signBinding({ kid: 'kid-2', macKey }, url, client.key.jwk),
      'unauthorized',
    ],
    [
      'a wrong MAC key',
      (client, url) => signBinding({ kid: 'kid-1', macKey: wrong }, url, client.key.jwk),
      'unauthorized',
    ],
    [
      'a MAC of zeros for an unknown key id',
      (client, url) =>
        signBinding({ kid: 'x', macKey: Buffer.alloc(32).toString('base64url') }, url, client.key.jwk),
      'unauthorized',
    ],
    ['an empty MAC', (client, url) => ({ ...good(client, url), signature: '' }), 'unauthorized'],
    ['another account key', (_, url) => signBinding({ kid: 'kid-1', macKey }, url, strange), 'malformed'],
    [
      'another url',
      (client, url) => signBinding({ kid: 'kid-1', macKey }, `${url}x`, client.key.jwk),
      'malformed',
    ],
    ['a nonce', (client, url) => header(good(client, url), { nonce: 'AAAA' }), 'malformed'],
    ['no key id', (client, url) => header(good(client, url), { kid: undefined }), 'malformed'],
    ['alg none', (client, url) => header(good(client, url), { alg: 'none' }), 'badSignatureAlgorithm'],
    [
      'an asymmetric alg',
      (client, url) => signJws(client.key, { alg: 'ES256', kid: 'kid-1', url }, client.key.jwk),
      'badSignatureAlgorithm',
    ],
    ['no JWS', () => ({}), 'malformed'],
    ['null', () => null, 'externalAccountRequired'],
  ])('is refused with %s', async (_, binding, type) => {
    const client = bound.client();
    const { newAccount } = await client.directory();
    const payload = { termsOfServiceAgreed: true, externalAccountBinding: binding(client, newAccount) };
    const overrides: PostOverrides = { useJwk: true };
    expect(await refused(client.post(newAccount, payload, overrides))).toMatchObject({ type });
  });

  const key = Buffer.from([0xfb, 0xef, 0xbe, ...randomBytes(30)]);
  it.each<[string, string]>([
    ['base64url', key.toString('base64url')],
    ['base64 as openssl prints it, with its newline', `${key.toString('base64')}\n`],
    ['base64url with padding', `${randomBytes(32).toString('base64url')}=`],
    [
      'base64 over two lines',
      `${key.toString('base64').slice(0, 20)}\r\n${key.toString('base64').slice(20)}\r\n`,
    ],
    ['base64 with blanks around it', ` ${key.toString('base64')} `],
  ])('takes a key in %s', (_, text) => {
    const read = parseExternalAccountKeys(JSON.stringify({ a: text })).get('a');
    expect(read).toEqual(Buffer.from(text, 'base64'));
  });

  it.each<[string, string]>([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['a key that is no base64url', '{"a":"***"}'],
    ['a key too short', '{"a":"AAAA"}'],
    ['a key id twice', `{"a":"${macKey}","a":"${macKey}"}`],
  ])('refuses a list of keys that is %s', (_, text) => {
    expect(() => parseExternalAccountKeys(text)).toThrow(RangeError);
  });
});

describe('keys and their owners', () => {
  it('are distinguished: a signature by another account’s key under a kid is refused', async () => {
    const [one, other] = [await world.account(), await world.account()];
    const key = signingKey(other.key.privateKey, 'ES256');
    expect(await refused(one.post(one.accountUrl ?? '', '', { key }))).toMatchObject({ type: 'malformed' });
  });
});
