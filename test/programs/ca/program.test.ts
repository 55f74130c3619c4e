import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import { ChannelUnavailable } from '../../../src/channel/errors.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCertificate, subjectAltNames } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem, fromPem } from '../../../src/x509/pem.js';
import { signingWorld } from '../../../tools/kit/signing-world.js';
import { newKey, requestPem } from '../../support/requests.js';
import { CaWorld, SEED } from '../../support/world/ca.js';

const worlds: CaWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function start(changes: ConstructorParameters<typeof CaWorld>[0] = {}): Promise<CaWorld> {
  const world = new CaWorld(changes);
  worlds.push(world);
  return world.start();
}

const leaf = (pem: string) => parseCertificate(firstFromPem('CERTIFICATE', pem));
const order = (orderId: string, names: string[], key = newKey()) => ({
  order_id: orderId,
  account_id: 'account',
  profile: 'server',
  identifiers: names.map((value) => ({ type: 'dns' as const, value })),
  csr: requestPem(names, { key }),
});

describe('registration in curve mode', () => {
  it('issues the holder of the seed a certificate for its own key and no private key, and admits its channel key', async () => {
    const world = await start();
    const [tls, channel] = [newKey(), newCurveKeyPair()];
    const answer = await world.registration().call('register', {
      cn: 'RA.example.test',
      sans: [{ type: 'IP', value: '127.0.0.1' }],
      csr: requestPem(['ignored.example.test'], { key: tls }),
      curve_public_key: channel.publicKey,
    });
    expect(answer).toMatchObject({ status: 'registered', cn: 'RA.example.test', profile: 'ra' });
    expect(answer.private_key).toBeUndefined();
    expect(answer.operations_public_key).toBe(world.running.operationsPublicKey);
    expect(fromPem('CERTIFICATE', answer.certificate)).toHaveLength(2);
    expect(subjectAltNames(leaf(answer.certificate))).toEqual([
      { type: 'dns', value: 'ra.example.test' },
      { type: 'ip', value: '127.0.0.1' },
    ]);
    await expect(world.operations(channel).call('ping', {})).resolves.toBe(true);
    await expect(world.registration().call('status', { cn: 'RA.example.test' })).resolves.toMatchObject({
      status: 'registered',
      node: { cn: 'ra.example.test', profile: 'ra' },
    });
  });

  it('never answers a client with another seed', async () => {
    const world = await start();
    const guess = world.registration('another-seed-of-sufficient-length');
    await expect(guess.call('status', { cn: 'x' })).rejects.toBeInstanceOf(ChannelUnavailable);
  });

  it('makes no keys: a request without a CSR is refused', async () => {
    const world = await start();
    await expect(world.registration().call('register', { cn: 'ra.example.test' })).rejects.toMatchObject({
      code: 700,
      message: 'Missing csr parameter',
    });
  });

  it('does not admit the key of a node that is not an RA', async () => {
    const world = await start();
    const request = {
      cn: 'web.example.test',
      profile: 'server',
      csr: requestPem(['web.example.test']),
      curve_public_key: newCurveKeyPair().publicKey,
    };
    await expect(world.registration().call('register', request)).rejects.toMatchObject({ code: 200 });
  });
});

describe('the operations socket in curve mode', () => {
  it('does not answer a key that was never registered', async () => {
    const world = await start();
    await expect(world.operations(newCurveKeyPair()).call('ping', {}, 1000)).rejects.toThrow(
      /does not admit/,
    );
  });

  it('ends the connection of an RA whose certificate is revoked, and keeps the others', async () => {
    const world = await start();
    const [bad, good] = [
      await world.registered('bad.example.test'),
      await world.registered('good.example.test'),
    ];
    await bad.call('ping', {});
    await good.call('revoke', { dn: 'bad.example.test', reason: 'keyCompromise' });
    await expect.poll(() => good.call('ping', {}).catch(() => null), { timeout: 10_000 }).toBe(true);
    await expect
      .poll(() => bad.call('ping', {}, 500).catch((error: Error) => error.message), { timeout: 10_000 })
      .toMatch(/does not admit/);
  });

  it('admits its RAs after a restart', async () => {
    const world = await start();
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra.example.test',
      csr: requestPem(['ra.example.test']),
      curve_public_key: keys.publicKey,
    });
    await world.stop();
    await world.start();
    await expect(world.operations(keys).call('ping', {})).resolves.toBe(true);
  });
});

describe('issuing for orders (RFC 8555 §7.4)', () => {
  it('answers any number of concurrent requests for one order with one certificate', async () => {
    const ra = await (await start()).registered();
    const request = order('order-1', ['www.example.test']);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ra.call('acme_issue_certificate', request)),
    );
    expect(new Set(answers.map(({ serial }) => serial)).size).toBe(1);
    const { certificates } = await ra.call('list_certificates', {});
    expect(certificates.filter(({ cn }) => cn === 'www.example.test')).toHaveLength(1);
  });

  it('returns the stored certificate after a crash between storing and answering', async () => {
    const world = await start();
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra.example.test',
      csr: requestPem(['ra.example.test']),
      curve_public_key: keys.publicKey,
    });
    const request = order('order-1', ['www.example.test']);
    const lost = await world.operations(keys).call('acme_issue_certificate', request);
    await world.stop();
    await world.start();
    await expect(world.operations(keys).call('acme_issue_certificate', request)).resolves.toEqual(lost);
  });

  it('refuses another key, or other names, for an order that has its certificate', async () => {
    const ra = await (await start()).registered();
    const key = newKey();
    await ra.call('acme_issue_certificate', order('order-1', ['www.example.test'], key));
    for (const other of [order('order-1', ['www.example.test']), order('order-1', ['a.example.test'], key)]) {
      await expect(ra.call('acme_issue_certificate', other)).rejects.toMatchObject({
        message: 'Order order-1 already has a certificate for another request',
        kind: 'badCSR',
      });
    }
  });

  it('refuses a CSR that names more, less or anything else than the order', async () => {
    const ra = await (await start()).registered();
    const identifiers = [
      { type: 'dns' as const, value: 'a.example.test' },
      { type: 'ip' as const, value: '192.0.2.1' },
    ];
    const ip = { type: 'ip' as const, value: '192.0.2.1' };
    const requests = [
      requestPem(['a.example.test']),
      requestPem(['a.example.test', ip, 'b.example.test']),
      requestPem(['a.example.test', ip], { cn: 'b.example.test' }),
      requestPem(['a.example.test', ip, { type: 'email', value: 'x@example.test' }]),
      requestPem([]),
      'garbage',
    ];
    for (const [index, csr] of requests.entries()) {
      const request = { order_id: `order-${index}`, identifiers, csr };
      await expect(ra.call('acme_issue_certificate', request)).rejects.toMatchObject({
        kind: 'badCSR',
        code: 300,
      });
    }
    const good = { order_id: 'good', identifiers, csr: requestPem(['A.example.test', ip], { cn: null }) };
    const { certificate, chain } = await ra.call('acme_issue_certificate', good);
    expect(subjectAltNames(leaf(certificate))).toEqual(identifiers);
    expect(leaf(chain).subject).toEqual(leaf(certificate).issuer);
  });

  it('keeps notBefore and notAfter within the profile', async () => {
    const ra = await (await start()).registered();
    const day = (days: number) =>
      new Date(Math.floor(Date.now() / 1000) * 1000 + days * 86_400_000).toISOString();
    const wanted = { ...order('o1', ['a.example.test']), not_before: day(1), not_after: day(3) };
    const { certificate } = await ra.call('acme_issue_certificate', wanted);
    expect(leaf(certificate).notBefore).toBe(Date.parse(wanted.not_before));
    expect(leaf(certificate).notAfter).toBe(Date.parse(wanted.not_after));
    const long = { ...order('o2', ['a.example.test']), not_after: day(400) };
    await expect(ra.call('acme_issue_certificate', long)).rejects.toMatchObject({ code: 300 });
  });

  it('refuses profiles that are not for ACME', async () => {
    const ra = await (await start()).registered();
    for (const profile of ['ca', 'ra', 'user', 'none']) {
      const request = { ...order(`order-${profile}`, ['a.example.test']), profile };
      await expect(ra.call('acme_issue_certificate', request)).rejects.toMatchObject({ code: 500 });
    }
  });
});

describe('revocation and the CRL (RFC 5280 §5)', () => {
  const crlOf = async (ra: Awaited<ReturnType<CaWorld['registered']>>) => {
    const { number, entries } = parseCrl(Buffer.from(await ra.call('get_crl', {}), 'base64'));
    return { number: Number(number), entries };
  };

  it('lists a revocation with its reason in a CRL with a higher number, and reports an already revoked certificate', async () => {
    const ra = await (await start()).registered();
    const { serial } = await ra.call('acme_issue_certificate', order('o', ['a.example.test']));
    const before = await crlOf(ra);
    const wire = BigInt(`0x${serial}`);
    await expect(ra.call('revoke_serial', { serial: wire, reason: 1 })).resolves.toEqual({ already: false });
    await expect(ra.call('revoke_serial', { serial: wire, reason: 4 })).resolves.toEqual({ already: true });
    const after = await crlOf(ra);
    expect(after.number).toBeGreaterThan(before.number);
    expect(after.entries).toMatchObject([{ serial, reason: 1 }]);
    await expect(ra.call('ocsp_check', { serial: wire })).resolves.toMatchObject({
      status: 'revoked',
      serial,
      revoke_reason: 'keyCompromise',
    });
  });

  it('releases a certificate from hold, and from no other revocation', async () => {
    const ra = await (await start()).registered();
    const held = await ra.call('sign', { csr: requestPem(['held.example.test']) });
    await ra.call('revoke', { dn: 'held.example.test', reason: 'certificateHold' });
    expect((await crlOf(ra)).entries).toMatchObject([{ serial: held.serial, reason: 6 }]);
    await expect(ra.call('unrevoke', { dn: '/CN=held.example.test' })).resolves.toBe(true);
    expect((await crlOf(ra)).entries).toEqual([]);
    await ra.call('revoke', { dn: 'held.example.test', reason: 'keyCompromise' });
    await expect(ra.call('unrevoke', { dn: 'held.example.test' })).rejects.toMatchObject({
      code: 300,
      message: 'Certificate is not on hold: held.example.test',
    });
  });

  it('makes one CRL for many revocations at once, and none is left out', async () => {
    let published = 0;
    const count = {
      write(line: string) {
        if (line.includes('CRL published')) published += 1;
      },
    };
    const ra = await (await start({ log: pino({ level: 'debug' }, count) })).registered();
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ra.call('sign', { csr: requestPem([`n${n}.example.test`]) })),
    );
    const before = (await crlOf(ra)).number;
    published = 0;
    await Promise.all(made.map(({ serial }) => ra.call('revoke_serial', { serial: BigInt(`0x${serial}`) })));
    const crl = await crlOf(ra);
    expect(crl.entries.map(({ serial }) => serial).sort()).toEqual(made.map(({ serial }) => serial).sort());
    expect(crl.number).toBeGreaterThan(before);
    expect(published).toBeGreaterThan(0);
    expect(published).toBeLessThan(20);
  });

  it('uses its CRL again after a restart, but not one signed by another key', async () => {
    const world = await start();
    const before = await crlOf(await world.registered());
    await world.stop();
    await world.start();
    expect((await crlOf(await world.registered())).number).toBe(before.number);
    await world.stop();
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(`${world.dataDir}/ca.db`);
    const stranger = await signingWorld();
    const number = await store.allocateCrlNumber('', 0);
    const times = { thisUpdate: Date.now(), nextUpdate: Date.now() + 86_400_000 };
    const issuer = { certificate: stranger.intermediate, signer: signerFor(stranger.issuerKey) };
    async function* none() {}
    const der = await buildCrl(issuer, { number: BigInt(number), ...times }, none());
    await store.putCrl('', { number, der, ...times });
    await store.close();
    await world.start();
    expect((await crlOf(await world.registered())).number).toBeGreaterThan(number);
  });

  it('publishes a revocation whose CRL was cut off by a crash', async () => {
    const world = await start();
    const ra = await world.registered();
    const { serial } = await ra.call('sign', { csr: requestPem(['a.example.test']) });
    await world.stop();
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(`${world.dataDir}/ca.db`);
    await store.revoke(serial, Date.now(), 1);
    await store.close();
    await world.start();
    const again = await world.registered();
    expect((await crlOf(again)).entries).toMatchObject([{ serial, reason: 1 }]);
  });
});

describe('the ways to name a certificate', () => {
  it('finds it by bare CN, /CN=, whole DN in both notations, and serial as number, digits or hex', async () => {
    const ra = await (await start()).registered();
    const { serial } = await ra.call('sign', {
      csr: requestPem([], { cn: 'Ada Lovelace' }),
      profile: 'user',
    });
    const references = [
      'Ada Lovelace',
      '/CN=Ada Lovelace',
      '/OU=Users/CN=Ada Lovelace',
      'CN=Ada Lovelace,OU=Users',
      BigInt(`0x${serial}`),
      BigInt(`0x${serial}`).toString(),
      `0x${serial}`,
      serial.toUpperCase().replace(/..(?=.)/g, '$&:'),
    ];
    for (const dn of references) {
      await expect(ra.call('view', { dn }), String(dn)).resolves.toMatchObject({ serial, profile: 'user' });
    }
    for (const dn of ['Ada', '/CN=Ada', 'CN=Ada Lovelace,OU=Other', '/O=Company', 12345, 'a=b']) {
      await expect(ra.call('view', { dn }), String(dn)).rejects.toMatchObject({
        kind: 'notFound',
        message: `Certificate not found: ${dn}`,
      });
    }
  });
});

describe('clear mode', () => {
  it('refuses to listen on a reachable address unless two settings allow it', async () => {
    await expect(start({ mode: 'clear', host: '0.0.0.0' })).rejects.toThrow(/clear mode on 0\.0\.0\.0/);
    await expect(start({ mode: 'clear', host: '0.0.0.0', clearAny: true })).resolves.toBeDefined();
  });

  it.each([
    [
      '127.0.0.1',
      { host: '127.0.0.1' },
      /exposes to every program on this machine: .*signing for any name.*the seed/,
    ],
    [
      'every address',
      { host: '0.0.0.0', clearAny: true },
      /exposes to everybody who can reach 0\.0\.0\.0: .*private key/,
    ],
    ['operations alone', { registrationPort: null }, /without any authentication: [^;]*$/],
  ])('says in the log what it exposes on %s', async (_, changes, expected) => {
    const warned: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => warned.push(JSON.parse(line).msg) });
    await start({ mode: 'clear', log, ...changes });
    expect(warned).toEqual([expect.stringMatching(expected)]);
  });

  it('registers only a client with the seed', async () => {
    const world = await start({ mode: 'clear' });
    const registration = world.registration();
    const request = { cn: 'ra.example.test', csr: requestPem(['ra.example.test']) };
    for (const seed of ['', 'wrong', `${SEED}x`]) {
      await expect(registration.call('register', { ...request, seed })).rejects.toMatchObject({
        code: 700,
        message: 'Invalid registration seed',
      });
    }
    await expect(registration.call('register', { ...request, seed: SEED })).resolves.toMatchObject({
      status: 'registered',
    });
  });
});
