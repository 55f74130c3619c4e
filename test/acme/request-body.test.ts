import { sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProblemBody } from '../../tools/kit/acme-bodies.js';
import type { PostOverrides } from '../../tools/kit/acme-transport.js';
import { generateSigningKey } from '../../tools/kit/jws-signer.js';
import { client, refusal, world } from './harness.js';

describe('§6.1 and §6.2: the body of a POST', () => {
  it.each([
    undefined,
    'application/json',
    'application/jose',
    'text/plain',
    'application/jose+json-x',
    '',
  ])('is refused with 415 as Content-Type %s', async (type) => {
    const body = JSON.stringify({});
    const answer = await world.client().request('POST', `${world.base}/acme/new-account`, {
      headers: { ...(type !== undefined && { 'Content-Type': type }) },
      body,
    });
    expect(answer.status).toBe(415);
    expect((answer.json as ProblemBody).type).toBe('urn:ietf:params:acme:error:malformed');
    expect(answer.headers['replay-nonce']).toBeDefined();
  });

  it('is refused with 415 when there is none at all', async () => {
    const answer = await world.client().request('POST', `${world.base}/acme/new-order`);
    expect(answer.status).toBe(415);
  });

  it('may carry parameters on its Content-Type', async () => {
    const headers = { 'Content-Type': 'application/jose+json; charset=utf-8' };
    expect((await client.send(client.accountUrl ?? '', '', { headers })).status).toBe(200);
  });

  it('is refused with 413 when it is too large', async () => {
    expect(await refusal({ body: () => `{"protected":"${'A'.repeat(70_000)}"}` })).toMatchObject({
      status: 413,
      type: 'malformed',
    });
  });

  it.each<[string, PostOverrides]>([
    ['nothing', { body: () => '' }],
    ['JSON that ends too early', { body: (jws) => JSON.stringify(jws).slice(0, -1) }],
    ['bad UTF-8', { body: () => Buffer.from([0x22, 0xff, 0x22]) }],
    ['ten thousand levels', { body: () => '['.repeat(10_000) }],
    ['general serialisation', { body: (jws) => ({ payload: jws.payload, signatures: [jws] }) }],
    ['an unprotected header', { body: (jws) => ({ ...jws, header: { kid: 'x' } }) }],
    ['padded base64url', { body: (jws) => ({ ...jws, signature: `${jws.signature}==` }) }],
    ['a duplicate member', { body: (jws) => JSON.stringify(jws).replace('{', `{"payload":"",`) }],
    ['b64 false', { protected: { b64: false, crit: ['b64'] } }],
    ['neither jwk nor kid', { protected: { kid: undefined } }],
    ['both jwk and kid', { protected: { jwk: generateSigningKey().jwk } }],
    ['a kid that is no text', { protected: { kid: 7 } }],
    ['a jwk where a kid belongs', { useJwk: true }],
    ['no url', { protected: { url: undefined } }],
    ['a nonce that is not base64url (§6.5.2)', { protected: { nonce: 'a=b' } }],
    ['a nonce that is no text', { protected: { nonce: 1 } }],
    ['another key’s signature', { key: generateSigningKey() }],
  ])('is malformed with %s', async (_, overrides) => {
    expect(await refusal(overrides)).toMatchObject({ status: 400, type: 'malformed' });
  });

  it.each<[string, PostOverrides]>([
    ['jwk beside kid', { protected: { jwk: null } }],
    ['kid beside jwk', { useJwk: true, protected: { kid: null } }],
    ['other members of the header', { protected: { crit: null, b64: null, typ: null, x5c: null } }],
    ['the unprotected header', { body: (jws) => ({ ...jws, header: null }) }],
    ['the members of the general serialisation', { body: (jws) => ({ ...jws, signatures: null }) }],
  ])('is accepted with null in %s, which is the same as no such member', async (_, overrides) => {
    const { newAccount } = await client.directory();
    const [url, payload] = overrides.useJwk ? [newAccount, {}] : [client.accountUrl ?? '', ''];
    expect((await client.post(url, payload, overrides)).status).toBe(200);
  });

  it.each([
    'none',
    'HS256',
    'PS256',
  ])('is badSignatureAlgorithm with "alg": "%s", and lists what is good', async (alg) => {
    const { status, type, problem } = await refusal({ protected: { alg } });
    expect({ status, type }).toEqual({ status: 400, type: 'badSignatureAlgorithm' });
    expect(problem.algorithms).toEqual(['ES256', 'ES384', 'ES512', 'RS256', 'EdDSA']);
  });

  it('is malformed with an ECDSA signature in DER', async () => {
    const inDer = (jws: { protected: string; payload: string }) =>
      sign('sha256', Buffer.from(`${jws.protected}.${jws.payload}`), client.key.privateKey).toString(
        'base64url',
      );
    expect(await refusal({ body: (jws) => ({ ...jws, signature: inDer(jws) }) })).toMatchObject({
      type: 'malformed',
    });
  });

  it('is accountDoesNotExist when the kid is not an account of ours', async () => {
    for (const kid of [
      `${world.base}/acme/account/0`,
      'https://other.test/acme/account/1',
      'x',
      `${client.accountUrl}/`,
    ]) {
      expect(await refusal({ protected: { kid } })).toMatchObject({
        status: 400,
        type: 'accountDoesNotExist',
      });
    }
  });

  it('never causes an internal error, whatever its bytes', async () => {
    const poster = world.client();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        async (body) => {
          const answer = await poster.request('POST', `${world.base}/acme/new-order`, {
            headers: { 'Content-Type': 'application/jose+json' },
            body,
          });
          expect(answer.status).toBe(400);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never causes an internal error, whatever the protected header contains under a valid signature', async () => {
    const names = fc.constantFrom('alg', 'kid', 'jwk', 'nonce', 'url', 'crit', 'typ');
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }),
        async (header) => {
          const answer = await client.send(client.accountUrl ?? '', '', { protected: header });
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 60 },
    );
  });
});
