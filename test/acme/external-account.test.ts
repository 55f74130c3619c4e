import { describe, expect, it } from 'vitest';
import { verifyExternalAccount } from '../../src/acme/external-account.js';
import { parseJwk } from '../../src/acme/jose/jwk.js';
import { Problem } from '../../src/model/problem.js';
import { generateSigningKey, signBinding } from '../../tools/kit/jws-signer.js';

const URL = 'https://ra.example.test/acme/new-account';
const key = generateSigningKey();
const bound = (kid: string, url = URL) =>
  ({ ...signBinding({ kid, macKey: Buffer.alloc(32, 7).toString('base64url') }, url, key.jwk) }) as never;
/** An RA that asks for no binding and keeps no list, but has registered nodes: what every RA is by default. */
const accounts = { required: false, keys: new Map<string, Buffer>(), nodeKey: async () => null };
const verify = (binding: unknown, more: object = {}) =>
  verifyExternalAccount(binding as never, { ...accounts, ...more }, parseJwk(key.jwk as never), URL);

describe('a binding that the server does not require (RFC 8555 §7.3.4)', () => {
  it.each<[string, unknown]>([
    ["by another authority's key", bound('of-another-authority')],
    ["for another authority's URL", bound('of-another-authority', 'https://other.example/new-account')],
    ['that is text', 'x'],
    ['that is empty text', ''],
    ['that is an empty object', {}],
    ['that is a list', []],
    ['whose header names no key', { protected: 'e30', payload: '', signature: '' }],
    ['whose header cannot be read', { protected: '!', payload: '', signature: '' }],
    [
      'whose key id is no text',
      { protected: Buffer.from('{"kid":5}').toString('base64url'), payload: '', signature: '' },
    ],
  ])('is passed over %s', async (_, binding) => {
    expect(await verify(binding)).toBeNull();
  });

  it('is checked when it names a node’s key, so that no client believes to be bound when it is not', async () => {
    await expect(verify(bound('upki-0123'))).rejects.toMatchObject({ type: 'unauthorized' });
    await expect(verify(bound('upki-0123', 'https://other.example/x'))).rejects.toMatchObject({
      type: 'malformed',
    });
  });

  it('is checked when the operator has a list of keys', async () => {
    const keys = new Map([['k1', Buffer.alloc(32, 1)]]);
    await expect(verify('x', { keys })).rejects.toBeInstanceOf(Problem);
    await expect(verify(bound('other'), { keys })).rejects.toMatchObject({ type: 'unauthorized' });
  });
});
