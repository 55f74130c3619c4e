import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ValidationResult } from '../../../src/va/types.js';
import type { AuthorizationBody, ChallengeBody, ProblemBody } from '../../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { links } from '../../../tools/kit/acme-transport.js';
import { CLIENT_AUTH } from '../../../tools/kit/test-pki.js';
import { refused } from '../../support/refused.js';
import { createWorld, VALIDATED, type World } from '../../support/world/world.js';

let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});
afterAll(() => world.close());

const FAILED: ValidationResult = {
  ok: false,
  type: 'connection',
  detail: '192.0.2.7:80: connection refused',
  retryable: false,
  attempts: [],
};

async function authorizationOf(
  name: string,
  from = client,
): Promise<{ url: string; body: AuthorizationBody }> {
  const order = await from.newOrder([name]);
  const [url = ''] = order.body.authorizations;
  return { url, body: await from.authz(url) };
}
const challengeOf = (body: AuthorizationBody, type = 'http-01'): ChallengeBody => {
  const challenge = body.challenges.find((each) => each.type === type);
  if (!challenge) throw new Error(`no ${type} challenge`);
  return challenge;
};

describe('§7.5: authorizations', () => {
  it('have every member of §7.1.4, and challenges at /acme/challenge/{id}/{type}', async () => {
    const { url, body } = await authorizationOf('whole.example.test');
    const id = url.split('/').at(-1);
    expect(body).toEqual({
      status: 'pending',
      expires: expect.stringMatching(/Z$/),
      identifier: { type: 'dns', value: 'whole.example.test' },
      challenges: ['http-01', 'dns-01', 'tls-alpn-01'].map((type) => ({
        type,
        url: `${world.base}/acme/challenge/${id}/${type}`,
        status: 'pending',
        token: expect.stringMatching(/^[A-Za-z0-9_-]{22,}$/),
      })),
    });
  });

  it('of wildcards have no "*.", are marked as wildcard, and offer dns-01 only', async () => {
    const { body } = await authorizationOf('*.wild.example.test');
    expect(body).toMatchObject({ identifier: { value: 'wild.example.test' }, wildcard: true });
    expect(body.challenges.map(({ type }) => type)).toEqual(['dns-01']);
  });

  it('can be deactivated by their account, and are then invalid (§7.5.2)', async () => {
    const { url, body } = await authorizationOf('gone.example.test');
    for (const payload of [{}, { status: 'valid' }, { status: 7 }, '[]']) {
      expect(await refused(client.post(url, payload))).toMatchObject({ status: 400, type: 'malformed' });
    }
    const answer = await client.post<AuthorizationBody>(url, { status: 'deactivated' });
    expect(answer.json.status).toBe('deactivated');
    expect(await refused(client.respond(challengeOf(body).url))).toMatchObject({ type: 'malformed' });
    expect(await refused(client.post(url, { status: 'pending' }))).toMatchObject({ type: 'malformed' });
  });
});

describe('§7.5.1: responding to challenges', () => {
  it.each([
    'http-01',
    'dns-01',
    'tls-alpn-01',
  ])('by %s leads to valid, with up and index links', async (type) => {
    const { url, body } = await authorizationOf('good.example.test');
    const answer = await client.post<ChallengeBody>(challengeOf(body, type).url, {});
    expect(answer.status).toBe(200);
    expect(links(answer.headers, 'up')).toEqual([url]);
    expect(links(answer.headers, 'index')).toEqual([world.directoryUrl]);
    expect(answer.json).toMatchObject({ type, status: 'valid', validated: expect.stringMatching(/Z$/) });
    const after = await client.authz(url);
    expect(after).toMatchObject({ status: 'valid', challenges: [{ type, status: 'valid' }] });
    expect(after.challenges).toHaveLength(1);
    expect((await client.post<ChallengeBody>(challengeOf(body, type).url, {})).json.status).toBe('valid');
  });

  it('that fail put the reason as a problem on the challenge (§8.2) and end the authorization', async () => {
    world.network.outcome = () => FAILED;
    const { url, body } = await authorizationOf('bad.example.test');
    const challenge = await client.respond(challengeOf(body).url);
    expect(challenge.status).toBe('invalid');
    expect(challenge.error).toMatchObject({
      type: 'urn:ietf:params:acme:error:connection',
      detail: expect.stringContaining('192.0.2.7:80'),
    });
    expect(await client.authz(url)).toMatchObject({ status: 'invalid', challenges: [{ status: 'invalid' }] });
    world.network.outcome = () => VALIDATED;
  });

  it('returns Retry-After while it is processing', async () => {
    const slow = await createWorld({ policy: { challengeHold: 0 } });
    let finish = (_: ValidationResult) => {};
    slow.network.outcome = () => new Promise((resolve) => (finish = resolve));
    const someone = await slow.account();
    const { url, body } = await authorizationOf('slow.example.test', someone);
    const answer = await someone.post<ChallengeBody>(challengeOf(body).url, {});
    expect(answer.json.status).toBe('processing');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    const authorization = await someone.post<AuthorizationBody>(url, '');
    expect(authorization.json.status).toBe('pending');
    expect(Number(authorization.headers['retry-after'])).toBeGreaterThan(0);
    finish(VALIDATED);
    const done = await someone.poll<AuthorizationBody>(url, ({ status }) => status !== 'pending');
    expect(done.status).toBe('valid');
    await slow.close();
  });

  it('ends with the authorization that is deactivated or decided meanwhile: its client no longer polls', async () => {
    const slow = await createWorld({ policy: { challengeHold: 0 } });
    const finish = new Map<string, (_: ValidationResult) => void>();
    slow.network.outcome = ({ type }) => new Promise((resolve) => finish.set(type, resolve));
    const someone = await slow.account();
    const polled = async (url: string) => {
      const { json, headers } = await someone.post<ChallengeBody>(url, '');
      return [json.status, headers['retry-after']];
    };
    const gone = await authorizationOf('gone.example.test', someone);
    await someone.respond(challengeOf(gone.body).url);
    await someone.post(gone.url, { status: 'deactivated' });
    expect(await polled(challengeOf(gone.body).url)).toEqual(['invalid', undefined]);

    const both = await authorizationOf('both.example.test', someone);
    await someone.respond(challengeOf(both.body, 'dns-01').url);
    await someone.respond(challengeOf(both.body, 'tls-alpn-01').url);
    expect(await polled(challengeOf(both.body, 'tls-alpn-01').url)).toEqual(['processing', '1']);
    finish.get('dns-01')?.(VALIDATED);
    const done = ({ status }: AuthorizationBody) => status === 'valid';
    await someone.poll(both.url, done, { interval: 5 });
    expect(await polled(challengeOf(both.body, 'tls-alpn-01').url)).toEqual(['invalid', undefined]);
    for (const end of finish.values()) end(VALIDATED);
    await slow.close();
  });

  it('is not done by POST-as-GET, which only reads', async () => {
    const { body } = await authorizationOf('read.example.test');
    const answer = await client.post<ChallengeBody>(challengeOf(body).url, '');
    expect(answer.json.status).toBe('pending');
    expect(links(answer.headers, 'up')).toHaveLength(1);
  });

  it('accepts unknown members, but refuses a payload that is not an object', async () => {
    const { body } = await authorizationOf('members.example.test');
    for (const payload of ['[]', '"x"', 'null', '{"a":1,"a":2}', '{']) {
      expect(await refused(client.post(challengeOf(body).url, payload))).toMatchObject({ type: 'malformed' });
    }
    const { url, token } = challengeOf(body);
    const old = { keyAuthorization: client.keyAuthorization(token) };
    expect((await client.post<ChallengeBody>(url, old)).json.status).toBe('valid');
  });

  it('answers 404 for other challenges', async () => {
    const { body } = await authorizationOf('192.0.2.9');
    const url = challengeOf(body).url;
    expect(await refused(client.post(url.replace('http-01', 'dns-01'), {}))).toMatchObject({ status: 404 });
    expect(await refused(client.post(url.replace('http-01', 'nonsense'), {}))).toMatchObject({ status: 404 });
  });
});

describe('§7.4.1: pre-authorization', () => {
  it('exists only when the operator offers it', async () => {
    expect(await refused(client.post(`${world.base}/acme/new-authz`, {}))).toMatchObject({ status: 404 });
    const offering = await createWorld({ policy: { preauthorization: true } });
    const someone = await offering.account();
    const { newAuthz = '' } = await someone.directory();
    const identifier = { type: 'dns', value: 'ahead.example.test' };
    const answer = await someone.post<AuthorizationBody>(newAuthz, { identifier });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ status: 'pending', identifier });
    await someone.respond(challengeOf(answer.json).url);
    expect((await someone.authz(answer.headers.location ?? '')).status).toBe('valid');
    expect((await someone.newOrder(['ahead.example.test'])).body.status).toBe('ready');
    expect(await refused(someone.post(newAuthz, {}))).toMatchObject({ type: 'malformed' });
    await offering.close();
  });
});

describe('the RA answers http-01 for the names the operator listed', () => {
  let listing: World;
  let owner: AcmeClient;
  beforeAll(async () => {
    const http01Names = ['example.test', 'ra.test', 'localhost', '0.0.0.0/0', '::/0'];
    listing = await createWorld({ policy: { http01Names } });
    owner = await listing.account();
  });
  afterAll(() => listing.close());

  const ask = (where: World, host: string, token: string) =>
    where.client().request('GET', `${where.base}/.well-known/acme-challenge/${token}`, {
      headers: { Host: host },
    });
  const http01 = async (identifier: string, from = owner) =>
    challengeOf((await authorizationOf(identifier, from)).body);

  it('with the key authorization, to the challenge’s own name only', async () => {
    const { token, url } = await http01('here.example.test');
    const answer = await ask(listing, 'here.example.test:80', token);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.body.toString()).toBe(owner.keyAuthorization(token));
    const others = ['other.example.test', `localhost:${listing.port}`, 'here.example.test.', 'a b', ''];
    for (const host of others) {
      expect((await ask(listing, host, token)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await ask(listing, 'here.example.test', 'A'.repeat(32))).status).toBe(404);
    expect((await ask(listing, 'here.example.test', '..%2f..')).status).toBe(404);
    await owner.respond(url);
    expect((await ask(listing, 'here.example.test', token)).status).toBe(404);
  });

  it('and for no other name: by default for none', async () => {
    const { token } = await http01('here.example.test', client);
    expect((await ask(world, 'here.example.test', token)).status).toBe(404);
    const outside = await http01('here.example.com');
    expect((await ask(listing, 'here.example.com', outside.token)).status).toBe(404);
  });

  it('and an address, in any spelling of it', async () => {
    const { token } = await http01('2001:db8::7');
    for (const host of ['[2001:db8::7]', '[2001:DB8:0:0:0:0:0:7]:80', '[2001:db8::0.0.0.7]']) {
      expect((await ask(listing, host, token)).status).toBe(200);
    }
  });

  it.each([
    'ra.test',
    'localhost',
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    '::ffff:0:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
  ])('never for %s, which is the RA itself, though it is listed', async (own) => {
    const { token } = await http01(own);
    const host = own.includes(':') ? `[${own}]` : own;
    for (const each of [host, host.toUpperCase(), `${host}:80`]) {
      expect((await ask(listing, each, token)).status).toBe(404);
    }
  });
});

describe('GET of an order or authorization by an administrator', () => {
  it('reads orders and authorizations of all accounts; others get 405 with an explanation', async () => {
    const admins = await createWorld({ isAdmin: ({ subject }) => subject === 'CN=admin' });
    const someone = await admins.account();
    const order = await someone.newOrder(['seen.example.test']);
    const [authz = ''] = order.body.authorizations;
    const read = async (commonName: string | null, url: string) => {
      const identity = commonName ? admins.pki.leaf({ commonName, usages: [CLIENT_AUTH] }) : {};
      const { Agent } = await import('node:https');
      const agent = new Agent({ ...identity });
      return admins.client({ agent }).request('GET', url);
    };
    expect((await read('admin', order.url)).json).toEqual(order.body);
    expect((await read('admin', authz)).json).toMatchObject({ status: 'pending' });
    expect((await read('admin', `${admins.base}/acme/order/0`)).status).toBe(404);
    expect((await read('admin', `${admins.base}/acme/authz/0`)).status).toBe(404);
    for (const name of ['user', null]) {
      const answer = await read(name, order.url);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      expect((answer.json as ProblemBody).type).toBe('urn:ietf:params:acme:error:malformed');
    }
    await admins.close();
  });
});
