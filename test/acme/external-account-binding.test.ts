import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExternalAccountKeys } from '../../src/acme/external-account.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import type { PostOverrides } from '../../tools/kit/acme-transport.js';
import { generateSigningKey, signBinding, signJws } from '../../tools/kit/jws-signer.js';
import { refused } from '../support/refused.js';
import { createWorld, type World } from '../support/world/world.js';

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
