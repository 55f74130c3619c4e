import assert from 'node:assert/strict';
import { toPem } from '../../../src/x509/pem.js';
import { AcmeError, type AuthorizationBody } from '../../kit/acme-bodies.js';
import type { AcmeClient } from '../../kit/acme-client.js';
import { createCsr } from '../../kit/csr.js';
import type { Attack } from './attack.js';
import type { Target } from './target.js';

/** Addresses of metadata services and internal hosts, in the spellings that a redirect may use. */
const FORBIDDEN = [
  '127.0.0.2',
  '[::ffff:127.0.0.2]',
  '169.254.169.254',
  '168.63.129.16',
  '192.0.0.192',
  '[64:ff9b:1::a9fe:a9fe]',
  '[64:ff9b::a9fe:a9fe]',
  '[::ffff:0:169.254.169.254]',
  '2130706434',
  '0x7f000002',
];

/** Attacks of an ACME client that wants more than its own. */
export function acmeAttacks(target: Target): Attack[] {
  const { answers, web } = target;
  const issue = (client: AcmeClient, names: string[], more = {}) =>
    client.issue({
      names,
      ...more,
      solve: async ({ token, keyAuthorization }) => {
        answers.set(token, keyAuthorization);
      },
    });
  const refused = async (work: Promise<unknown>): Promise<AcmeError> => {
    const error = await work.then(
      () => new Error('it was accepted'),
      (reason) => reason,
    );
    assert.ok(error instanceof AcmeError, error.message);
    return error;
  };
  return [
    {
      promise: 'What is denied is denied in every spelling: wildcards, addresses in IPv6',
      async attempt() {
        const client = await target.account();
        const { newOrder } = await client.directory();
        const identifiers = [
          ...['secret.corp.test', '*.secret.corp.test', 'a.secret.corp.test', 'SECRET.corp.test'].map(dns),
          ...['10.66.0.1', '::ffff:10.66.0.1', '::10.66.0.1', '64:ff9b::a42:1'].map((value) => ({
            type: 'ip',
            value,
          })),
        ];
        for (const identifier of identifiers) {
          const error = await refused(client.post(newOrder, { identifiers: [identifier] }));
          assert.equal(error.type, 'rejectedIdentifier', JSON.stringify(identifier));
          assert.ok(!('identifier' in error.problem), 'RFC 8555 §6.7.1: not at the top level');
        }
      },
    },
    {
      promise: 'Characters that a reading would drop are refused, not stripped',
      async attempt() {
        const client = await target.account();
        const { newOrder } = await client.directory();
        for (const name of ['a\u00ad.test', 'a\n.test', 'a.test\n', 'a\u200d.test', 'a\t.test']) {
          const error = await refused(client.post(newOrder, { identifiers: [dns(name)] }));
          assert.equal(error.type, 'malformed', JSON.stringify(name));
        }
      },
    },
    {
      promise: 'The RA proves no name for whoever orders it (/.well-known/acme-challenge)',
      async attempt() {
        const client = await target.account();
        const order = await client.newOrder(['victim.corp.test']);
        const [url = ''] = order.body.authorizations;
        const token = (await client.authz(url)).challenges[0]?.token ?? '';
        const headers = { Host: 'victim.corp.test' };
        const path = `/.well-known/acme-challenge/${token}`;
        assert.equal((await target.ask('GET', path, { headers })).status, 404);
      },
    },
    {
      promise: 'Redirects of http-01 lead to no inside address, and say nothing of what is there',
      async attempt() {
        const client = await target.account();
        for (const [index, host] of FORBIDDEN.entries()) {
          web.answer = (incoming, response) => {
            if (!incoming.headers.host?.startsWith('ssrf')) return false;
            response.writeHead(302, { Location: `http://${host}:${target.webPort}/latest/meta-data` }).end();
            return true;
          };
          const ended = await fail(client, `ssrf${index}.corp.test`);
          assert.ok(!ended.includes('secret of the inside'), host);
        }
        web.answer = () => false;
        assert.deepEqual(target.inside, []);
      },
    },
    {
      promise: 'Six hundred silent targets of one account delay nobody else',
      async attempt() {
        const [greedy, other] = [await target.account(), await target.account()];
        web.answer = (incoming) => incoming.headers.host?.startsWith('silent') ?? false;
        for (let part = 0; part < 6; part += 1) {
          const names = Array.from({ length: 100 }, (_, index) => `silent${index}.p${part}.corp.test`);
          const order = await greedy.newOrder(names);
          await Promise.all(
            order.body.authorizations.map(async (url) => {
              const { challenges } = await greedy.authz(url);
              await greedy.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
            }),
          );
        }
        const began = performance.now();
        await issue(other, ['quick.corp.test']);
        const took = performance.now() - began;
        web.answer = () => false;
        assert.ok(took < 2_000, `it took ${Math.round(took)} ms`);
      },
    },
    {
      promise: 'A client that loops over the same names is told to wait; others are not',
      async attempt() {
        const client = await target.account();
        for (let each = 0; each < 3; each += 1) await issue(client, ['loop.corp.test']);
        const error = await refused(client.newOrder(['loop.corp.test']));
        assert.deepEqual([error.type, error.status], ['rateLimited', 429]);
        assert.ok(Number(error.headers['retry-after']) > 0);
        await issue(client, ['other.corp.test']);
      },
    },
    {
      promise: 'A certificate got over ACME is not renewed over REST',
      async attempt() {
        const client = await target.account();
        const { der, key } = createCsr(['web.corp.test']);
        const { chain } = await issue(client, ['web.corp.test'], { csr: der, order: { profile: 'webapp' } });
        const by = { cert: chain, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
        const body = JSON.stringify({ csr: toPem('CERTIFICATE REQUEST', createCsr(['web.corp.test']).der) });
        const headers = { 'Content-Type': 'application/json' };
        assert.equal((await target.ask('POST', '/api/v1/client/renew', { by, headers, body })).status, 403);
      },
    },
    {
      promise: 'Orders and certificates of one account are nobody else’s',
      async attempt() {
        const [owner, other] = [await target.account(), await target.account()];
        const { order } = await issue(owner, ['mine.corp.test']);
        for (const url of [order.url, order.body.authorizations[0] ?? '', order.body.certificate ?? '']) {
          assert.equal((await refused(other.post(url, ''))).status, 403);
        }
        assert.equal((await target.ask('GET', new URL(order.url).pathname)).status, 405);
      },
    },
  ];
}

const dns = (value: string) => ({ type: 'dns', value });

/** Requests a validation that must fail; resolves with everything the server reports about it. */
async function fail(client: AcmeClient, name: string): Promise<string> {
  const order = await client.newOrder([name]);
  const [url = ''] = order.body.authorizations;
  const { challenges } = await client.authz(url);
  await client.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
  const ended = await client.poll<AuthorizationBody>(url, ({ status }) => status !== 'pending');
  assert.equal(ended.status, 'invalid');
  return JSON.stringify(ended);
}
