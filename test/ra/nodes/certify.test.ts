import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { publicKeyDer } from '../../../src/ca/folder/keys.js';
import { HOUR } from '../../../src/lib/time.js';
import { CaRefused, CaUnavailable } from '../../../src/model/ca.js';
import { encodeName } from '../../../src/x509/name.js';
import { OID } from '../../../src/x509/oids.js';
import { spkiFingerprint } from '../../../src/x509/spki.js';
import { createCsr, der } from '../../../tools/kit/csr.js';
import { newKey, requestPem } from '../../support/requests.js';
import { SEED } from '../../support/world/ca.js';
import { JoinedWorld } from '../../support/world/joined.js';

const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
/** basicConstraints with CA:TRUE. */
const BASIC_CONSTRAINTS_CA = der(0x30, oid('551d13'), der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))));

const compromised = newKey();
const fingerprint = spkiFingerprint(publicKeyDer(compromised));

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld().start();
  world.compromised.add(fingerprint);
});
afterEach(() => {
  world.time.offset = 0;
  delete world.faults.enroll;
});
afterAll(() => world.close());

const certify = (body: unknown, path = '/public/certify', headers = {}) =>
  world.ask(path, null, { method: 'POST', body, headers });
let count = 0;
/** A registered node and its seed. */
const node = async (body: object = {}) => {
  count += 1;
  const cn = `n${count}.example.test`;
  return world.register({ cn, sans: ['*.wild.example.test', '192.0.2.5', 'ops@example.test'], ...body });
};
const issued = () => world.events.filter(([what]) => what === 'enrolled').length;
const pem = (request: Buffer) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${request.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
const certificatesOf = async (cn: string) => (await world.tasks.call('certificate_history', { cn })).length;

describe('POST public/certify with a node’s seed', () => {
  it('issues exactly the registered names, for the key of the CSR', async () => {
    const { cn, seed, sans } = await node();
    const key = newKey();
    const answer = await certify({
      seed,
      csr: requestPem([cn, '192.0.2.5', '*.WILD.example.test'].map(san), { key }),
    });
    expect(answer.status).toBe(200);
    const { certificate, chain, ...rest } = answer.json.data;
    const leaf = new X509Certificate(certificate);
    expect(rest).toEqual({
      cn,
      profile: 'webapp',
      sans,
      serial: leaf.serialNumber.toLowerCase(),
      not_after: new Date(leaf.validTo).toISOString(),
    });
    expect(leaf.checkPrivateKey(key)).toBe(true);
    expect(leaf.subjectAltName).toBe(
      `DNS:${cn}, DNS:*.wild.example.test, IP Address:192.0.2.5, email:ops@example.test`,
    );
    expect(leaf.verify(new X509Certificate(chain).publicKey)).toBe(true);
    expect(new X509Certificate(chain).verify(new X509Certificate(world.root).publicKey)).toBe(true);
  });

  it.each([
    ['/public/certify?format=chain', {}],
    ['/certify', { accept: 'application/pem-certificate-chain' }],
  ])('is the chain as PEM, leaf first, by %s %j', async (path, headers) => {
    const { cn, seed } = await node();
    const answer = await certify({ seed, csr: requestPem([cn]) }, path, headers);
    expect(answer.headers['content-type']).toContain('application/pem-certificate-chain');
    expect(answer.text.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(new X509Certificate(answer.text).subject).toBe(`CN=${cn}`);
  });

  it('accepts a CSR without names and uses the registered ones', async () => {
    const { cn, seed } = await node();
    const { json } = await certify({ seed, csr: requestPem([], { cn: null }), profile: 'webapp' });
    expect(json.data.cn).toBe(cn);
  });

  it('is used once: another key is refused, the same key gets the same certificate', async () => {
    const { cn, seed } = await node();
    const key = newKey();
    const first = await certify({ seed, csr: requestPem([cn], { key }) });
    const again = await certify({ seed, csr: requestPem([], { key }) });
    expect(again.json.data.certificate).toBe(first.json.data.certificate);
    const other = await certify({ seed, csr: requestPem([cn]) });
    expect([other.status, other.json.field, other.json.message]).toEqual([
      403,
      'seed',
      'this seed was used for another key',
    ]);
    expect(await certificatesOf(cn)).toBe(1);
  });

  it('issues a certificate for only one of many simultaneous keys', async () => {
    const { cn, seed } = await node();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => certify({ seed, csr: requestPem([cn]) })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403, 403]);
    expect(await certificatesOf(cn)).toBe(1);
  });

  it('returns the same certificate when it is repeated after a lost answer', async () => {
    const { cn, seed } = await node();
    const csr = requestPem([cn]);
    let serial = '';
    world.faults.enroll = async (carryOut) => {
      ({ serial } = await carryOut());
      throw new CaUnavailable('the answer was lost');
    };
    const lost = await certify({ seed, csr });
    expect([lost.status, lost.json.code, lost.headers['retry-after']]).toEqual([503, 'unavailable', '5']);
    delete world.faults.enroll;
    expect((await certify({ seed, csr })).json.data.serial).toBe(serial);
  });

  it('that has expired gets nothing, not even its own certificate again', async () => {
    const used = await node();
    const csr = requestPem([]);
    expect((await certify({ seed: used.seed, csr })).status).toBe(200);
    const { seed, cn } = await node();
    world.time.offset = 24 * HOUR;
    for (const each of [seed, used.seed]) {
      const answer = await certify({ seed: each, csr });
      expect([answer.status, answer.json.message]).toEqual([403, expect.stringContaining('expired')]);
    }
    expect(await certificatesOf(cn)).toBe(0);
  });

  it.each<[string, (cn: string) => string]>([
    ['another DNS name', (cn) => requestPem([cn, 'evil.example.test'])],
    ['another common name', (cn) => requestPem([cn], { cn: 'evil.example.test' })],
    ['a second common name', (cn) => requestWithNames(cn, 'evil.example.test')],
    ['a name below a wildcard of its own', () => requestPem(['a.wild.example.test'])],
    ['another address', () => requestPem([san('192.0.2.6')])],
    ['another e-mail address', () => requestPem([{ type: 'email', value: 'root@example.test' }])],
    ['a URI', () => requestPem([{ type: 'uri', value: 'https://example.test/' }])],
    ['a name of a kind we do not know', (cn) => pem(requestWith(cn, der(0x88, Buffer.from([0x2a, 3]))))],
    ['a CA certificate', (cn) => pem(createCsr([cn], { extensions: [BASIC_CONSTRAINTS_CA] }).der)],
    ['a compromised key', (cn) => requestPem([cn], { key: compromised })],
  ])('gets nothing for a CSR that asks for %s, and may be used rightly after that', async (_, csr) => {
    const { cn, seed } = await node();
    const answer = await certify({ seed, csr: csr(cn) });
    expect([answer.status, answer.json.code, answer.json.field]).toEqual([403, 'forbidden', 'csr']);
    expect(await certificatesOf(cn)).toBe(0);
    expect((await certify({ seed, csr: requestPem([cn]) })).status).toBe(200);
  });

  it('gets nothing by another profile than the registered one', async () => {
    const { cn, seed } = await node();
    const answer = await certify({ seed, csr: requestPem([cn]), profile: 'user' });
    expect([answer.status, answer.json.field]).toEqual([403, 'profile']);
  });

  it('gets no certificate when the CA refuses, and gets the CA’s message', async () => {
    const { cn, seed } = await node();
    world.faults.enroll = () => Promise.reject(new CaRefused('Profile not found: webapp', 'notFound'));
    const answer = await certify({ seed, csr: requestPem([cn]) });
    expect([answer.status, answer.json.code]).toEqual([422, 'unprocessable']);
    expect(answer.json.message).toContain('Profile not found: webapp');
  });
});

describe('POST public/certify', () => {
  it.each([
    {},
    { seed: null },
    { seed: '' },
  ])('without a seed is 401 and issues nothing: %j', async (none) => {
    const before = issued();
    const answer = await certify({ csr: requestPem(['a.example.test']), profile: 'server', ...none });
    expect([answer.status, answer.json.code, answer.json.field]).toEqual([401, 'unauthenticated', 'seed']);
    expect(issued()).toBe(before);
  });

  it.each([
    'wrong',
    'upki-seed-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    SEED,
  ])('with the seed %s is 403', async (seed) => {
    const answer = await certify({ seed, csr: requestPem(['a.example.test']) });
    expect([answer.status, answer.json.field]).toEqual([403, 'seed']);
    expect(await certificatesOf('a.example.test')).toBe(0);
  });

  it.each<[object, string]>([
    [{ seed: 'x' }, 'csr'],
    [{ csr: 1, seed: 'x' }, 'csr'],
    [{ csr: 'x', seed: 1 }, 'seed'],
    [{ csr: 'x', seed: 'y', cn: 'z' }, 'cn'],
  ])('with the body %j is 400 and names %s', async (body, field) => {
    const answer = await certify(body);
    expect([answer.status, answer.json.field]).toEqual([400, field]);
  });

  it('with an invalid CSR is 400, and the seed stays valid', async () => {
    const { cn, seed } = await node();
    const good = requestPem([cn]);
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const hostile = fc.oneof(
      fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }),
      fc.base64String({ minLength: 4 }).map((text) => pem(Buffer.from(text, 'base64'))),
      fc.nat({ max: good.length - 40 }).map((at) => `${good.slice(0, at + 28)}A${good.slice(at + 29)}`),
      fc.constant(pem(createCsr([cn], { key: small }).der)),
    );
    await fc.assert(
      fc.asyncProperty(
        hostile.filter((csr) => csr !== good),
        async (csr) => {
          const answer = await certify({ seed, csr });
          expect([answer.status, answer.json.field]).toEqual([400, 'csr']);
        },
      ),
      { numRuns: 60 },
    );
    expect((await certify({ seed, csr: good })).status).toBe(200);
  });
});

it('POST public/certify accepts no registration seed, which registers RAs', async () => {
  const answer = await certify({ seed: SEED, csr: requestPem(['a.example.test']) });
  expect([answer.status, answer.json.field]).toEqual([403, 'seed']);
});

function san(value: string) {
  return /^[\d.]+$/.test(value) ? ({ type: 'ip', value } as const) : ({ type: 'dns', value } as const);
}

/** A request with two common names. */
function requestWithNames(...names: [string, string]): string {
  const subject = encodeName(names.map((value) => [{ type: OID.commonName, value }]));
  return pem(createCsr([], { subject }).der);
}

/** A request with one subjectAltName of these bytes. */
function requestWith(cn: string, generalName: Buffer): Buffer {
  const extension = der(0x30, oid('551d11'), der(0x04, der(0x30, generalName)));
  return createCsr([], { commonName: cn, extensions: [extension] }).der;
}
