import { sign } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemBody } from '../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import { links, type PostOverrides } from '../../tools/kit/acme-transport.js';
import { generateSigningKey } from '../../tools/kit/jws-signer.js';
import { refused } from '../support/refused.js';
import { createWorld, type World } from '../support/world/world.js';

let world: World;
let client: AcmeClient;

beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});
afterAll(() => world.close());

/** The refusal of a POST-as-GET of the account, changed as told; every refusal is a problem with a fresh nonce. */
async function refusal(overrides: PostOverrides, payload: unknown = '', url = client.accountUrl ?? '') {
  const answer = await client.send(url, payload, overrides);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = answer.json as ProblemBody;
  expect(problem.status).toBe(answer.status);
  return { status: answer.status, type: problem.type.replace('urn:ietf:params:acme:error:', ''), problem };
}

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

describe('§6.3: GET and POST-as-GET', () => {
  it('refuses GET of an authenticated resource with 405, Allow and malformed', async () => {
    const order = await client.newOrder(['get.example.test']);
    const [authz = ''] = order.body.authorizations;
    const urls = [
      client.accountUrl ?? '',
      order.url,
      authz,
      order.body.finalize,
      `${world.base}/acme/new-order`,
    ];
    for (const url of urls) {
      const answer = await world.client().request('GET', url);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      expect((answer.json as ProblemBody).type).toBe('urn:ietf:params:acme:error:malformed');
    }
  });

  it('accepts only the empty payload as POST-as-GET, not "{}"', async () => {
    const order = await client.newOrder(['empty.example.test']);
    expect(await refusal({}, {}, order.url)).toMatchObject({ status: 400, type: 'malformed' });
    expect(await refusal({}, '""', order.url)).toMatchObject({ status: 400, type: 'malformed' });
  });

  it.each(['new-order', 'revoke-cert', 'key-change'])('refuses POST-as-GET of %s', async (path) => {
    expect(await refusal({}, '', `${world.base}/acme/${path}`)).toMatchObject({
      status: 400,
      type: 'malformed',
    });
  });

  it('refuses POST-as-GET of new-account', async () => {
    const overrides = { useJwk: true };
    expect(await refusal(overrides, '', `${world.base}/acme/new-account`)).toMatchObject({
      type: 'malformed',
    });
  });
});

describe('§6.4: the url that is signed', () => {
  it.each([
    '',
    'x',
    'https://localhost/acme',
    'http://localhost:8000/acme/new-order',
  ])('must be the one requested: "%s" is unauthorized', async (url) => {
    expect(await refusal({ protected: { url } })).toMatchObject({ status: 403, type: 'unauthorized' });
  });

  it('includes its query', async () => {
    const url = `${client.accountUrl}/orders?cursor=ff`;
    expect(await refusal({ protected: { url: `${client.accountUrl}/orders` } }, '', url)).toMatchObject({
      type: 'unauthorized',
    });
    expect((await client.send(url, '')).status).toBe(200);
  });

  it('is that of the path when the request-target is in absolute form (RFC 9112 §3.2.2)', async () => {
    const target = `${world.base}/acme/new-nonce`;
    const headers = { Host: 'other.test' };
    expect((await client.send(target, '', { headers, absoluteForm: true })).status).toBe(204);
  });

  it('cannot be a URL under a forged Host', async () => {
    const url = 'https://evil.test/acme/new-order';
    const answer = await client.send(
      `${world.base}/acme/new-order`,
      {},
      { protected: { url }, headers: { Host: 'evil.test' } },
    );
    expect(answer).toMatchObject({ status: 403, json: { type: 'urn:ietf:params:acme:error:unauthorized' } });
  });
});

describe('§6.5: nonces', () => {
  it('work once; the second use is badNonce and returns a new nonce', async () => {
    const nonce = await world.client().newNonce();
    const accepted = await client.send(client.accountUrl ?? '', '', { protected: { nonce } });
    expect(accepted.status).toBe(200);
    const again = await client.send(client.accountUrl ?? '', '', { protected: { nonce } });
    expect(again.status).toBe(400);
    expect((again.json as ProblemBody).type).toBe('urn:ietf:params:acme:error:badNonce');
    expect(again.headers['replay-nonce']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(again.headers['replay-nonce']).not.toBe(nonce);
  });

  it.each([undefined, 'AAAA', 'A'.repeat(44), ''])('refuses %s', async (nonce) => {
    const expected = nonce === '' ? 'malformed' : 'badNonce';
    expect(await refusal({ protected: { nonce } })).toMatchObject({ status: 400, type: expected });
  });

  it('are not spent by a client that cannot sign', async () => {
    const nonce = await world.client().newNonce();
    expect((await refusal({ key: generateSigningKey(), protected: { nonce } })).type).toBe('malformed');
    expect((await client.send(client.accountUrl ?? '', '', { protected: { nonce } })).status).toBe(200);
  });

  it('let a client continue by itself after a badNonce', async () => {
    const before = client.badNonces;
    let first = true;
    const answer = await client.post(client.accountUrl ?? '', '', {
      body: (jws) => {
        if (!first) return jws;
        first = false;
        const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString());
        return resign({ ...header, nonce: 'AAAA' });
      },
    });
    expect(answer.status).toBe(200);
    expect(client.badNonces).toBe(before + 1);
  });

  function resign(header: object) {
    const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');
    const signature = sign('sha256', Buffer.from(`${protectedHeader}.`), {
      key: client.key.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return { protected: protectedHeader, payload: '', signature: signature.toString('base64url') };
  }

  it('come with every answer to a POST, also to unknown and malformed URLs', async () => {
    const statuses = {
      ...{ nothing: 404, 'order/x/y/z': 404, terms: 405, 'renewal-info/x': 405 },
      ...{ 'order/%zz': 400, 'cert/%': 400, 'authz/%ff': 400, [`order/${'x'.repeat(5_000)}`]: 400 },
    };
    for (const [path, status] of Object.entries(statuses)) {
      const answer = await world.client().request('POST', `${world.base}/acme/${path}`, {
        headers: { 'Content-Type': 'application/jose+json' },
        body: '{}',
      });
      expect(answer.status).toBe(status);
      expect(answer.headers['replay-nonce']).toBeDefined();
      expect(links(answer.headers, 'index')).toEqual([world.directoryUrl]);
    }
  });

  it('come with the refusal of two Host fields', async () => {
    const host = `localhost:${world.port}`;
    const answer = await world.client().request('POST', `${world.base}/acme/new-order`, {
      headers: { Host: [host, host], 'Content-Type': 'application/jose+json' },
      body: '{}',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers['replay-nonce']).toBeDefined();
  });
});

describe('§7.2: new-nonce', () => {
  it.each([
    ['HEAD', 200],
    ['GET', 204],
  ])('answers %s with %i, a nonce, no-store and no body', async (method, status) => {
    const answer = await world.client().request(method, `${world.base}/acme/new-nonce`);
    expect(answer.status).toBe(status);
    expect(answer.headers['replay-nonce']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body.length).toBe(0);
    expect(links(answer.headers, 'index')).toEqual([world.directoryUrl]);
  });

  it('completes its answer to HEAD, for clients that wait for a body without a length', async () => {
    const answer = await world.client().request('HEAD', `${world.base}/acme/new-nonce`);
    expect(answer.headers['content-length']).toBe('0');
  });
});

describe('§7.1: the link to the directory', () => {
  it.each([
    'directory',
    'directory?a=1',
    '%64irectory',
  ])('is not on the directory itself, however it is written: %s', async (path) => {
    const answer = await world.client().request('GET', `${world.base}/acme/${path}`);
    expect([answer.status, answer.headers.link]).toEqual([200, undefined]);
  });
});

describe('§6.3: POST-as-GET of what may also be read with GET', () => {
  it('is answered like GET by the directory and new-nonce', async () => {
    const account = await world.account();
    const directory = await account.post(world.directoryUrl, '');
    expect([directory.status, directory.json]).toEqual([200, await account.directory()]);
    const nonce = await account.post(`${world.base}/acme/new-nonce`, '');
    expect([nonce.status, nonce.body.length]).toEqual([204, 0]);
    expect(nonce.headers['replay-nonce']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(nonce.headers['cache-control']).toBe('no-store');
  });

  it.each(['directory', 'new-nonce'])('is refused by %s with a payload, and unsigned', async (path) => {
    const account = await world.account();
    expect(await refused(account.post(`${world.base}/acme/${path}`, {}))).toMatchObject({
      status: 400,
      type: 'malformed',
    });
    const unsigned = await world.client().request('POST', `${world.base}/acme/${path}`, {
      headers: { 'Content-Type': 'application/jose+json' },
      body: '{}',
    });
    expect(unsigned.status).toBe(400);
  });
});

describe('§6.7: problems', () => {
  it('answer unknown URLs with 404', async () => {
    expect(await refusal({}, '', `${world.base}/acme/nothing`)).toMatchObject({
      status: 404,
      type: 'malformed',
    });
  });

  it('answer wrong methods with 405 and Allow', async () => {
    const answer = await world.client().request('DELETE', `${world.base}/acme/new-nonce`);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
  });

  it('hide internal errors behind serverInternal', async () => {
    const broken = await createWorld();
    const someone = await broken.account();
    broken.store.createOrder = async () => {
      throw new Error('the database said SQLITE_CORRUPT');
    };
    const failed = await refused(someone.newOrder(['a.example.test']));
    expect(failed).toMatchObject({ status: 500, type: 'serverInternal' });
    expect(failed.problem.detail).not.toMatch(/store|database|sql/i);
    await broken.close();
  });

  it('answer 503 with Retry-After when the store cannot write', async () => {
    const broken = await createWorld();
    const someone = await broken.account();
    await broken.store.close();
    const failed = await refused(someone.newOrder(['a.example.test']));
    expect(failed).toMatchObject({ status: 503, type: 'serverInternal' });
    expect(Number(failed.headers['retry-after'])).toBeGreaterThan(0);
    expect(failed.problem.detail).not.toMatch(/store|database|sql/i);
    await broken.close().catch(() => {});
  });
});
