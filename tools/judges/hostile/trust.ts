import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { ChannelRefused } from '../../../src/channel/errors.js';
import { toPem } from '../../../src/x509/pem.js';
import { AcmeError, type AuthorizationBody } from '../../kit/acme-bodies.js';
import { AcmeClient } from '../../kit/acme-client.js';
import { caChannel } from '../../kit/ca-channel.js';
import { createCsr } from '../../kit/csr.js';
import { signingKey } from '../../kit/jws-signer.js';
import type { Attack } from './attack.js';
import type { Target } from './target.js';

/** The neutral point of Ed25519 as a key: every message verifies with the neutral point and zero as the signature (RFC 8032 §5.1.7). */
const NEUTRAL = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
const SIGNS_ALL = Buffer.concat([NEUTRAL, Buffer.alloc(32)]);
const HOUR = 3600_000;

/** Attacks on keys, CAA, the channel and privacy. */
export function trustAttacks(target: Target): Attack[] {
  const { answers, dns } = target;
  const prove = async (client: AcmeClient, url: string): Promise<AuthorizationBody> => {
    const { challenges } = await client.authz(url);
    const { token = '', url: challenge = '' } = challenges.find(({ type }) => type === 'http-01') ?? {};
    answers.set(token, client.keyAuthorization(token));
    await client.respond(challenge);
    return client.poll<AuthorizationBody>(url, ({ status }) => status !== 'pending');
  };
  const ready = async (client: AcmeClient, name: string) => {
    const order = await client.newOrder([name]);
    for (const url of order.body.authorizations) assert.equal((await prove(client, url)).status, 'valid');
    return order;
  };
  const refusal = async (work: Promise<unknown>): Promise<[number, string]> => {
    const error = await work.then(
      () => new Error('it was accepted'),
      (reason) => reason,
    );
    assert.ok(error instanceof AcmeError, error.message);
    return [error.status, error.type];
  };
  const withKey = (pem: string) =>
    new AcmeClient({
      directoryUrl: target.upki.directoryUrl,
      ca: target.upki.rootPem,
      key: signingKey(createPrivateKey(pem), 'ES256'),
    });
  return [
    {
      promise: 'A failed CAA lookup of one name switches CAA off for no other',
      async attempt() {
        dns.set('CAA broken.corp.test', { rcode: 2 });
        dns.set('CAA guarded.corp.test', {
          records: [{ caa: { flags: 0, tag: 'issue', value: 'another-ca.test' } }],
        });
        const client = await target.account();
        for (const name of ['broken.corp.test', 'guarded.corp.test', 'sub.guarded.corp.test']) {
          const order = await client.newOrder([name]);
          const ended = await prove(client, order.body.authorizations[0] ?? '');
          if (name === 'broken.corp.test') continue;
          assert.equal(ended.status, 'invalid', name);
          assert.match(JSON.stringify(ended), /urn:ietf:params:acme:error:caa/, name);
        }
      },
    },
    {
      promise: 'A key that verifies every signature is no account’s and no certificate’s',
      async attempt() {
        const client = await target.account();
        const { newAccount } = await client.directory();
        const jwk = { kty: 'OKP', crv: 'Ed25519', x: NEUTRAL.toString('base64url') };
        const head = { alg: 'EdDSA', jwk, nonce: await client.newNonce(), url: newAccount };
        const body = JSON.stringify({
          protected: Buffer.from(JSON.stringify(head)).toString('base64url'),
          payload: Buffer.from('{"termsOfServiceAgreed":true}').toString('base64url'),
          signature: SIGNS_ALL.toString('base64url'),
        });
        const headers = { 'Content-Type': 'application/jose+json' };
        const answer = await target.ask('POST', new URL(newAccount).pathname, { headers, body });
        assert.deepEqual([answer.status, answer.code], [400, 'urn:ietf:params:acme:error:badPublicKey']);

        const { privateKey, publicKey } = generateKeyPairSync('ed25519');
        const { der } = createCsr(['weak.corp.test'], { key: privateKey });
        const at = der.indexOf(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
        NEUTRAL.copy(der, at);
        SIGNS_ALL.copy(der, der.length - SIGNS_ALL.length);
        const order = await ready(client, 'weak.corp.test');
        assert.deepEqual(await refusal(client.finalize(order, der)), [400, 'badCSR']);
        assert.equal((await client.order(order.url)).status, 'ready');
      },
    },
    {
      promise:
        'A key revoked as compromised is refused at once, as an account’s and in a CSR of anybody’s order',
      async attempt() {
        const client = await target.account();
        const order = await ready(client, 'leaked.corp.test');
        const { der, key } = createCsr(['leaked.corp.test']);
        const { certificate = '' } = await client.finalize(order, der);
        const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
        const holder = withKey(pem);
        const chain = await client.download(certificate);
        assert.deepEqual(await refusal(client.revoke(chain, { reason: 6 })), [400, 'badRevocationReason']);
        await client.revoke(chain, { reason: 1, certificateKey: holder.key });
        assert.deepEqual(await refusal(holder.newAccount()), [400, 'badPublicKey']);
        const other = await target.account();
        const again = await ready(other, 'other-leaked.corp.test');
        const csr = createCsr(['other-leaked.corp.test'], { key }).der;
        assert.deepEqual(await refusal(other.finalize(again, csr)), [400, 'badCSR']);
        assert.equal((await other.order(again.url)).status, 'ready');
        assert.equal(
          (await other.finalize(again, createCsr(['other-leaked.corp.test']).der)).status,
          'valid',
        );
      },
    },
    {
      promise: 'No certificate is made for later than in 48 hours',
      async attempt() {
        const client = await target.account();
        const notBefore = new Date(Date.now() + 49 * HOUR).toISOString();
        assert.deepEqual(await refusal(client.newOrder(['later.corp.test'], { notBefore })), [
          400,
          'malformed',
        ]);
      },
    },
    {
      promise: 'Strangers see no certificates of people and administrators',
      async attempt() {
        const list = await target.ask('GET', '/api/v1/public/certs?limit=100');
        assert.deepEqual([list.status, list.text.includes('alice')], [200, false]);
        assert.equal((await target.ask('GET', '/api/v1/public/certs/alice')).status, 404);
      },
    },
    {
      promise: 'The keys of an RA make no administrator and no other RA, by any task of the channel',
      async attempt() {
        const channel = await caChannel(target.upki);
        const csr = toPem(
          'CERTIFICATE REQUEST',
          createCsr(['mallory.corp.test'], { commonName: 'mallory' }).der,
        );
        const serial = BigInt(`0x${new X509Certificate(target.admin.cert).serialNumber}`);
        const { tasks } = channel;
        try {
          const attempts = ['admin', 'ra'].flatMap((profile) => [
            () => tasks.call('sign', { csr, profile }),
            () => tasks.call('generate', { cn: 'mallory.corp.test', profile }),
            () => tasks.call('enroll', { request_id: `h-${profile}`, csr, cn: 'mallory.corp.test', profile }),
            () => tasks.call('acme_issue_certificate', { order_id: `h-${profile}`, csr, profile }),
          ]);
          for (const attempt of [
            ...attempts,
            () => tasks.call('reissue', { serial, csr }),
            () => tasks.call('renew', { dn: serial }),
          ]) {
            const error: unknown = await attempt().then(
              () => new Error(`it was carried out: ${attempt}`),
              (reason) => reason,
            );
            assert.ok(error instanceof ChannelRefused, String(error));
          }
        } finally {
          channel.close();
        }
      },
    },
  ];
}
