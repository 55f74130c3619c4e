import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { generateSigningKey, signJws } from '../../../tools/kit/jws-signer.js';
import { refused } from '../../support/refused.js';
import { createWorld, type World } from '../../support/world/world.js';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});

afterAll(() => world.close());

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
