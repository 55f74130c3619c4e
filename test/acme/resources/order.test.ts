import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderBody } from '../../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { links } from '../../../tools/kit/acme-transport.js';
import { createCsr, der } from '../../../tools/kit/csr.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';
import { refused } from '../../support/refused.js';
import { createWorld, VALIDATED, type World } from '../../support/world/world.js';

let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld();
  client = await world.account();
});
afterAll(() => world.close());

const DAY = 24 * 3600_000;
const solve = async () => {};

/** An order whose names are all proven. */
async function readyOrder(
  names: string[],
  from: AcmeClient = client,
  options: { replaces?: string; notAfter?: string } = {},
) {
  const order = await from.newOrder(names, options);
  for (const url of order.body.authorizations) {
    const { challenges, wildcard } = await from.authz(url);
    const type = wildcard ? 'dns-01' : 'http-01';
    await from.respond(challenges.find((challenge) => challenge.type === type)?.url ?? '');
  }
  const body = await from.order(order.url);
  expect(body.status).toBe('ready');
  return { url: order.url, body };
}

describe('§7.4: new orders', () => {
  it('are answered with 201, Location and every member of §7.1.3', async () => {
    const { url, body } = await client.newOrder([
      'B.example.test',
      'a.example.test',
      '192.0.2.7',
      'b.example.test',
    ]);
    expect(url).toMatch(new RegExp(`^${world.base}/acme/order/[0-9a-f]+$`));
    expect(body).toEqual({
      status: 'pending',
      expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      identifiers: expect.arrayContaining([
        { type: 'dns', value: 'a.example.test' },
        { type: 'dns', value: 'b.example.test' },
        { type: 'ip', value: '192.0.2.7' },
      ]),
      authorizations: [expect.any(String), expect.any(String), expect.any(String)],
      finalize: `${url}/finalize`,
      profile: 'server',
    });
    expect(body.identifiers).toHaveLength(3);
    expect(await client.order(url)).toEqual(body);
  });

  it('have the dates and the profile that were requested', async () => {
    const notAfter = new Date(Math.floor((Date.now() + 9 * DAY) / 1000) * 1000).toISOString();
    const { body } = await client.newOrder(['dated.example.test'], { notAfter, profile: 'webapp' });
    expect(Date.parse(body.notAfter ?? '')).toBe(Date.parse(notAfter));
    expect(body.notAfter).toMatch(/:\d\dZ$/);
    expect(body.profile).toBe('webapp');
  });

  it('end with the certificate they ask for, so that a late finalize finds an ended order', async () => {
    const notAfter = new Date(Math.floor((Date.now() + DAY) / 1000) * 1000).toISOString();
    const order = await readyOrder(['short.example.test'], client, { notAfter });
    expect(Date.parse(order.body.expires ?? '')).toBe(Date.parse(notAfter));
    world.time.offset += 2 * DAY;
    const finalized = client.finalize(order, createCsr(['short.example.test']).der);
    expect(await refused(finalized)).toMatchObject({ type: 'orderNotReady' });
    expect((await client.order(order.url)).status).toBe('invalid');
    world.time.offset -= 2 * DAY;
  });

  it('treat null and empty texts in optional members as absent', async () => {
    const { newOrder } = await client.directory();
    for (const empty of [null, '']) {
      const identifiers = [{ type: 'dns', value: 'sparse.example.test' }];
      const optional = { notBefore: empty, notAfter: empty, profile: empty, replaces: empty };
      const { status, json } = await client.post<OrderBody>(newOrder, { identifiers, ...optional });
      expect(status).toBe(201);
      expect(json).toMatchObject({ profile: 'server', status: 'pending' });
      expect(json).not.toHaveProperty('notAfter');
    }
  });

  it('are refused if notAfter is later than the expiry of the issuer', async () => {
    const profiles = [{ name: 'server', description: 'for ever', maxValidity: 500 * 365 * DAY }];
    const other = await createWorld({ rules: { profiles: async () => profiles } });
    const someone = await other.account();
    const end = Date.parse(new X509Certificate(other.pki.root).validTo);
    const within = new Date(end).toISOString();
    expect((await someone.newOrder(['a.test'], { notAfter: within })).body.notAfter).toBe(
      within.replace('.000', ''),
    );
    const beyond = new Date(end + 1000).toISOString();
    const error = await refused(someone.newOrder(['a.test'], { notAfter: beyond }));
    expect(error).toMatchObject({ status: 400, type: 'malformed' });
    expect(error.problem.detail).toContain('notAfter');
    await other.close();
  });

  it.each<[string, unknown, string]>([
    ['no identifiers', {}, 'malformed'],
    [
      'a date that does not exist',
      { identifiers: [{ type: 'dns', value: 'a.test' }], notAfter: '2027-02-30T00:00:00Z' },
      'malformed',
    ],
    ['an empty list', { identifiers: [] }, 'malformed'],
    ['identifiers that are no list', { identifiers: 'a.test' }, 'malformed'],
    ['an identifier that is no object', { identifiers: ['a.test'] }, 'malformed'],
    [
      'an identifier of an unknown type',
      { identifiers: [{ type: 'email', value: 'a@b.test' }] },
      'unsupportedIdentifier',
    ],
    ['a name that is none', { identifiers: [{ type: 'dns', value: 'a..test' }] }, 'malformed'],
    [
      'an unknown profile',
      { identifiers: [{ type: 'dns', value: 'a.test' }], profile: 'nonsense' },
      'invalidProfile',
    ],
    [
      'a date that is none',
      { identifiers: [{ type: 'dns', value: 'a.test' }], notAfter: 'soon' },
      'malformed',
    ],
    ['a payload that is no object', [], 'malformed'],
    ['a payload of null', 'null', 'malformed'],
    ['a payload with a member twice', '{"identifiers":[],"identifiers":[]}', 'malformed'],
  ])('are refused with %s', async (_, payload, type) => {
    const { newOrder } = await client.directory();
    const error = await refused(client.post(newOrder, payload));
    expect(error.status).toBeLessThan(500);
    expect(error.type).toBe(type);
  });

  it('report each bad identifier in a subproblem (§6.7.1)', async () => {
    const { newOrder } = await client.directory();
    const identifiers = ['-a.test', 'ok.example.test', 'b_.test'].map((value) => ({ type: 'dns', value }));
    const { problem } = await refused(client.post(newOrder, { identifiers }));
    expect(problem.subproblems?.map(({ identifier }) => identifier?.value)).toEqual(['-a.test', 'b_.test']);
  });

  it('report a single bad identifier in a subproblem too, never at the top level (§6.7.1)', async () => {
    const { newOrder } = await client.directory();
    const identifiers = ['-a.test', 'ok.example.test'].map((value) => ({ type: 'dns', value }));
    const { problem } = await refused(client.post(newOrder, { identifiers }));
    expect(problem).not.toHaveProperty('identifier');
    const { type, detail, status } = problem;
    expect(problem.subproblems).toEqual([
      { type, detail, status, identifier: { type: 'dns', value: '-a.test' } },
    ]);
  });
});

describe('§7.4: finalize', () => {
  it('issues a certificate for exactly the order’s names, found at the order’s certificate URL', async () => {
    const names = ['one.example.test', '*.two.example.test', '192.0.2.8'];
    const order = await readyOrder(names);
    const { der: csr, key } = createCsr(names);
    const done = await client.finalize(order, csr);
    expect(done).toMatchObject({ status: 'valid', certificate: expect.stringContaining('/acme/cert/') });
    const chain = await client.download(done.certificate ?? '');
    const leaf = new X509Certificate(chain);
    expect(leaf.checkPrivateKey(key)).toBe(true);
    expect(leaf.subjectAltName).toBe('DNS:one.example.test, DNS:*.two.example.test, IP Address:192.0.2.8');
    expect(await client.order(order.url)).toEqual(done);
  });

  it('is refused before the order is ready, and after it is valid, as orderNotReady', async () => {
    const pending = await client.newOrder(['pending.example.test']);
    const { der: csr } = createCsr(['pending.example.test']);
    expect(await refused(client.finalize(pending, csr))).toMatchObject({
      status: 403,
      type: 'orderNotReady',
    });
    const order = await readyOrder(['again.example.test']);
    const { der: good } = createCsr(['again.example.test']);
    await client.finalize(order, good);
    expect(await refused(client.finalize(order, good))).toMatchObject({ status: 403, type: 'orderNotReady' });
  });

  const CA_TRUE = der(
    0x30,
    der(0x06, Buffer.from('551d13', 'hex')),
    der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))),
  );
  it.each<[string, (name: string) => Buffer]>([
    ['too few names', () => createCsr([]).der],
    ['another name', () => createCsr(['bank.example.test']).der],
    ['a name too many', (name) => createCsr([name, 'bank.example.test']).der],
    ['a wildcard of the name', (name) => createCsr([`*.${name}`]).der],
    ['another common name', (name) => createCsr([name], { commonName: 'bank.example.test' }).der],
    ['a wish to be a CA', (name) => createCsr([name], { extensions: [CA_TRUE] }).der],
    ['the account’s own key', (name) => createCsr([name], { key: client.key.privateKey }).der],
    ['DER cut short', (name) => createCsr([name]).der.subarray(0, -10)],
    ['bytes after the DER', (name) => Buffer.concat([createCsr([name]).der, Buffer.from([0])])],
    [
      'a broken signature',
      (name) => {
        const { der: csr } = createCsr([name]);
        csr[csr.length - 5] = (csr[csr.length - 5] ?? 0) ^ 1;
        return csr;
      },
    ],
    ['what is no CSR', () => Buffer.from('3003020101', 'hex')],
  ])('is refused with a CSR with %s, as badCSR; the order stays ready', async (_, csr) => {
    const name = 'csr.example.test';
    const order = await readyOrder([name]);
    expect(await refused(client.finalize(order, csr(name)))).toMatchObject({ status: 400, type: 'badCSR' });
    expect((await client.order(order.url)).status).toBe('ready');
  });

  it.each([
    {},
    { csr: '' },
    { csr: 7 },
    { csr: 'AB==' },
    { csr: '-----BEGIN CERTIFICATE REQUEST-----' },
  ])('is malformed with %j', async (payload) => {
    const order = await readyOrder(['payload.example.test']);
    expect(await refused(client.post(order.body.finalize, payload))).toMatchObject({
      status: 400,
      type: 'malformed',
    });
  });

  it('is 503 serverInternal with Retry-After while the CA is unreachable, and completes later', async () => {
    const other = await createWorld();
    const someone = await other.account();
    const order = await readyOrder(['away.example.test'], someone);
    other.ca.away = true;
    const error = await refused(someone.finalize(order, createCsr(['away.example.test']).der));
    expect(error).toMatchObject({ status: 503, type: 'serverInternal' });
    expect(Number(error.headers['retry-after'])).toBeGreaterThan(0);
    const waiting = await someone.post<OrderBody>(order.url, '');
    expect(waiting.json.status).toBe('processing');
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(0);
    other.ca.away = false;
    const done = await someone.poll<OrderBody>(order.url, ({ status }) => status !== 'processing');
    expect(done.status).toBe('valid');
    await other.close();
  });
});

describe('§7.4.2: certificates', () => {
  it('are PEM, and readable only by the account that ordered them', async () => {
    const { order, chain } = await client.issue({ names: ['mine.example.test'], solve });
    expect(chain).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    const other = await world.account();
    const url = order.body.certificate ?? '';
    expect(await refused(other.post(url, ''))).toMatchObject({ status: 403, type: 'unauthorized' });
    expect(await refused(client.post(url, {}))).toMatchObject({ status: 400, type: 'malformed' });
    expect(await refused(client.post(`${url}/1`, ''))).toMatchObject({ status: 404, type: 'malformed' });
    expect((await world.client().request('GET', url)).status).toBe(405);
  });

  it('link to alternate chains, if there are any, from each chain to the others', async () => {
    const cross = createTestPki('Cross Root').root;
    const other = await createWorld({ alternateChains: async ({ chain }) => [chain + cross] });
    const someone = await other.account();
    const { order, chain } = await someone.issue({ names: ['alt.example.test'], solve });
    const url = order.body.certificate ?? '';
    const first = await someone.post(url, '');
    expect(links(first.headers, 'alternate')).toEqual([`${url}/1`]);
    expect(links(first.headers, 'index')).toEqual([other.directoryUrl]);
    const second = await someone.post(`${url}/1`, '');
    expect(second.body.toString()).toBe(chain + cross);
    expect(links(second.headers, 'alternate')).toEqual([url]);
    for (const number of ['0', '2', '01', 'x', '-1']) {
      expect(await refused(someone.post(`${url}/${number}`, ''))).toMatchObject({ status: 404 });
    }
    await other.close();
  });
});

describe('§7.1: objects of one account', () => {
  it('are hidden from other accounts, and unknown ones are 404', async () => {
    const other = await world.account();
    const order = await client.newOrder(['hidden.example.test']);
    const [authz = ''] = order.body.authorizations;
    const { challenges } = await client.authz(authz);
    const urls = [order.url, authz, ...challenges.map(({ url }) => url)];
    for (const url of urls) {
      expect(await refused(other.post(url, ''))).toMatchObject({ status: 403, type: 'unauthorized' });
      const unknown = url.replace(/[0-9a-f]{32}/, '0'.repeat(32));
      expect(await refused(other.post(unknown, ''))).toMatchObject({ status: 404, type: 'malformed' });
    }
    const csr = createCsr(['hidden.example.test']).der;
    expect(await refused(other.finalize(order, csr))).toMatchObject({ status: 403, type: 'unauthorized' });
    expect(await refused(other.post(authz, { status: 'deactivated' }))).toMatchObject({
      type: 'unauthorized',
    });
    expect(await refused(other.post(challenges[0]?.url ?? '', {}))).toMatchObject({ type: 'unauthorized' });
    expect((await client.authz(authz)).status).toBe('pending');
  });
});

describe('RFC 9773: renewal information', () => {
  it('is a window in the certificate’s lifetime, with Retry-After, readable by anyone', async () => {
    const { chain } = await client.issue({ names: ['renew.example.test'], solve });
    const leaf = new X509Certificate(chain);
    const { renewalInfo } = await client.directory();
    const answer = await world.client().request('GET', `${renewalInfo}/${ariId(chain)}`);
    expect(answer.status).toBe(200);
    const { suggestedWindow } = answer.json as { suggestedWindow: { start: string; end: string } };
    const [start, end] = [Date.parse(suggestedWindow.start), Date.parse(suggestedWindow.end)];
    expect(start).toBeGreaterThan(Date.parse(leaf.validFrom));
    expect(end).toBeGreaterThan(start);
    expect(end).toBeLessThan(Date.parse(leaf.validTo));
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('is 404 for certificates that are not ours', async () => {
    const { renewalInfo } = await client.directory();
    for (const id of ['AAAA.AAAA', 'x', '%00', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE']) {
      const answer = await world.client().request('GET', `${renewalInfo}/${id}`);
      expect(answer.status).toBe(404);
    }
  });

  it('lets an order replace a certificate once (§5)', async () => {
    const { chain } = await client.issue({ names: ['old.example.test'], solve });
    const replaces = ariId(chain);
    const order = await client.newOrder(['old.example.test'], { replaces });
    expect(order.body.replaces).toBe(replaces);
    const again = await refused(client.newOrder(['old.example.test'], { replaces }));
    expect(again).toMatchObject({ status: 409, type: 'alreadyReplaced' });
  });

  it('§5: an expired or failed order no longer blocks another one', async () => {
    const other = await createWorld();
    const someone = await other.account();
    const name = 'renewed.example.test';
    const { chain } = await someone.issue({ names: [name], solve });
    const replaces = ariId(chain);
    const open = await someone.newOrder([name], { replaces });
    expect(await refused(someone.newOrder([name], { replaces }))).toMatchObject({ type: 'alreadyReplaced' });
    other.time.offset += 8 * DAY;
    expect((await someone.order(open.url)).status).toBe('invalid');
    const failing = await someone.newOrder([name], { replaces });
    expect(failing.body.replaces).toBe(replaces);
    other.network.outcome = () => ({
      ok: false,
      type: 'connection',
      detail: 'no',
      retryable: false,
      attempts: [],
    });
    const [authz = ''] = failing.body.authorizations;
    const { challenges } = await someone.authz(authz);
    await someone.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
    expect((await someone.order(failing.url)).status).toBe('invalid');
    other.network.outcome = () => VALIDATED;
    const last = await readyOrder([name], someone, { replaces });
    await someone.finalize(last, createCsr([name]).der);
    other.time.offset += 8 * DAY;
    const again = await refused(someone.newOrder([name], { replaces }));
    expect(again).toMatchObject({ status: 409, type: 'alreadyReplaced' });
    await other.close();
  });

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['null', null],
    ['a certificate of another authority', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'],
  ])('takes an order with %s in "replaces" as one without', async (_, replaces) => {
    const { body } = await client.newOrder(['moved.example.test'], { replaces: replaces as string });
    expect(body).not.toHaveProperty('replaces');
  });

  it('ignores `replaces` when the certificate belongs to another account', async () => {
    const { chain } = await client.issue({ names: ['moved.example.test'], solve });
    const other = await world.account();
    const { body } = await other.newOrder(['moved.example.test'], { replaces: ariId(chain) });
    expect(body).not.toHaveProperty('replaces');
    const own = await client.newOrder(['moved.example.test'], { replaces: ariId(chain) });
    expect(own.body.replaces).toBe(ariId(chain));
  });

  it('refuses to replace a certificate that shares no name, with a message on which clients retry without it', async () => {
    const { chain } = await client.issue({ names: ['other.example.test'], solve });
    const error = await refused(client.newOrder(['unlike.example.test'], { replaces: ariId(chain) }));
    expect(error).toMatchObject({ status: 400, type: 'malformed' });
    expect(error.problem.detail).toContain('replaces');
  });

  /** RFC 9773 §4.1, from OpenSSL's text of the certificate. */
  function ariId(chain: string): string {
    const leaf = new X509Certificate(chain);
    const raw = leaf.raw.toString('hex');
    const [, aki = ''] = /0603551d23041830168014([0-9a-f]{40})/.exec(raw) ?? [];
    const serial = leaf.serialNumber;
    const signed = Number.parseInt(serial.slice(0, 2), 16) >= 0x80 ? `00${serial}` : serial;
    return [aki, signed].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
  }
});
