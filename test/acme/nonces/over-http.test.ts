import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ProblemBody } from '../../../tools/kit/acme-bodies.js';
import { links } from '../../../tools/kit/acme-transport.js';
import { generateSigningKey } from '../../../tools/kit/jws-signer.js';
import { client, refusal, world } from '../harness.js';

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
