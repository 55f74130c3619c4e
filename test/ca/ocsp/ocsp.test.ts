import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { firstFromPem } from '../../../src/x509/pem.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { certId, type HashName, ocspRequest, ocspStatus, readOcsp } from '../../support/ocsp.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';
import { opensslRoot } from '../openssl-root.js';

const DAY = 86_400_000;
const HOUR = 3600_000;

const ending: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of ending.splice(0)) await each.close();
});

/** A CA whose time is ours, a registered RA, and a count of signatures of OCSP responses. */
async function start(...worldOptions: ConstructorParameters<typeof CaWorld>) {
  const time = { now: Date.now() };
  const signed = { count: 0 };
  const [changes = {}, init = {}] = worldOptions;
  const log = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        if (line.includes('OCSP response signed')) signed.count += 1;
      },
    },
  );
  const clock = () => time.now;
  const world = new CaWorld({ clock, log, ...changes }, { clock, ...init });
  ending.push(world);
  await world.start();
  return { world, time, signed, ...(await connect(world)) };
}

async function connect(world: CaWorld) {
  const ra = await world.registered();
  const { root, chain } = await ra.call('get_ca_chain', {});
  const issuer = firstFromPem('CERTIFICATE', chain || root);
  const send = async (request: Uint8Array) => {
    const answer = await ra.call('ocsp_respond', { request: Buffer.from(request).toString('base64') });
    return { ...answer, response: Buffer.from(answer.response, 'base64') };
  };
  const ask = async (serial: string, more: { nonce?: Uint8Array; hash?: HashName } = {}) =>
    readOcsp((await send(ocspRequest([certId(issuer, serial, more.hash)], more))).response, issuer);
  const statusOf = async (serial: string) => (await ask(serial)).answers[0]?.status;
  const issue = async (name: string) => (await ra.call('sign', { csr: requestPem([name]) })).serial;
  return { ra, issuer, send, ask, statusOf, issue };
}

describe('RFC 6960 §2.2 the status of a certificate', () => {
  it('is good, revoked with time and reason, good again after a hold, and revoked permanently', async () => {
    const { ra, ask, issue, time } = await start();
    const serial = await issue('a.example.test');
    const single = async () => (await ask(serial)).answers;
    expect(await single()).toMatchObject([{ serial, status: 'good', revokedAt: null }]);
    await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
    const second = Math.floor(time.now / 1000) * 1000;
    expect(await single()).toMatchObject([{ status: 'revoked', revokedAt: second, reason: 6 }]);
    await ra.call('unrevoke', { dn: 'a.example.test' });
    expect(await single()).toMatchObject([{ status: 'good', revokedAt: null }]);
    await ra.call('revoke', { dn: 'a.example.test', reason: 'keyCompromise' });
    expect(await single()).toMatchObject([{ status: 'revoked', reason: 1 }]);
  });

  it('is found by every supported hash of CertID, and unknown by another, whose issuer cannot be recognised', async () => {
    const { ask, issue } = await start();
    const serial = await issue('a.example.test');
    const told: Record<string, string | undefined> = {};
    for (const hash of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const) {
      told[hash] = (await ask(serial, { hash })).answers[0]?.status;
    }
    expect(told).toEqual({ sha1: 'good', sha224: 'unknown', sha256: 'good', sha384: 'good', sha512: 'good' });
  });

  it('is unknown for a serial that was never issued, and for one of ours under another issuer’s name or key', async () => {
    const { ra, send, ask, issue, issuer } = await start();
    const serial = await issue('a.example.test');
    expect((await ask('7f00')).answers).toMatchObject([{ serial: '7f00', status: 'unknown' }]);
    const ours = certId(issuer, serial);
    const { root } = await ra.call('get_ca_chain', {});
    const others = certId(firstFromPem('CERTIFICATE', root), serial);
    // CertID: SEQUENCE, AlgorithmIdentifier (11), name hash (22), key hash (22), serial.
    const parts = (id: Buffer) => [
      id.subarray(0, 13),
      id.subarray(13, 35),
      id.subarray(35, 57),
      id.subarray(57),
    ];
    const [head, name, key, number] = parts(ours);
    const [, otherName, otherKey] = parts(others);
    const mixed = [
      [head, otherName, key, number],
      [head, name, otherKey, number],
    ].map((each) => Buffer.concat(each.map((part) => part ?? expect.unreachable())));
    const { response } = await send(ocspRequest([ours, ...mixed]));
    expect(readOcsp(response, issuer).answers.map(({ status }) => status)).toEqual([
      'good',
      'unknown',
      'unknown',
    ]);
    // The root did not sign it either.
    const rootDer = firstFromPem('CERTIFICATE', root);
    const asRoots = await send(ocspRequest([others]));
    expect(readOcsp(asRoots.response, rootDer).answers).toMatchObject([{ status: 'unknown' }]);
  });

  it('of an expired certificate stays unchanged; the JSON form is expired', async () => {
    const { ra, statusOf, issue, time } = await start();
    const [kept, revoked] = [await issue('a.example.test'), await issue('b.example.test')];
    await ra.call('revoke', { dn: 'b.example.test' });
    time.now += 61 * DAY;
    expect([await statusOf(kept), await statusOf(revoked)]).toEqual(['good', 'revoked']);
    const json = async (serial: string) => (await ra.call('ocsp_check', { serial })).status;
    expect([await json(kept), await json(revoked)]).toEqual(['expired', 'revoked']);
  });
});

describe('RFC 6960 §2.3 requests that get no status', () => {
  it.each([
    ['garbage is malformedRequest', Buffer.from('not DER'), 1],
    ['an empty list is malformedRequest', ocspRequest([]), 1],
  ])('%s', async (_, request, status) => {
    const { send } = await start();
    const answer = await send(request);
    expect(ocspStatus(answer.response)).toBe(status);
    expect(answer.next_update).toBeUndefined();
  });

  it('a request with more certificates than any chain is unauthorized', async () => {
    const { send, issuer } = await start();
    const ids = (count: number) =>
      Array.from({ length: count }, (_, n) => certId(issuer, (n + 16).toString(16)));
    expect(readOcsp((await send(ocspRequest(ids(20)))).response, issuer).answers).toHaveLength(20);
    expect(ocspStatus((await send(ocspRequest(ids(21)))).response)).toBe(6);
  });
});

describe('signatures', () => {
  it('10,000 lookups of 100 certificates without a nonce take 100', async () => {
    const { send, issue, issuer, signed } = await start();
    const serials = await Promise.all(Array.from({ length: 100 }, (_, n) => issue(`n${n}.example.test`)));
    const requests = serials.map((serial) => ocspRequest([certId(issuer, serial)]));
    let good = 0;
    for (let round = 0; round < 100; round += 1) {
      const answers = await Promise.all(requests.map(send));
      good += answers.filter(({ next_update }) => next_update !== undefined).length;
    }
    expect(good).toBe(10_000);
    expect(signed.count).toBe(100);
  });

  it('one signature serves any number of clients that send a request at the same moment', async () => {
    const { send, issue, issuer, signed } = await start();
    const request = ocspRequest([certId(issuer, await issue('a.example.test'))]);
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(request)));
    expect(new Set(answers.map(({ response }) => response.toString('hex'))).size).toBe(1);
    expect(signed.count).toBe(1);
  });

  it('one is made for each nonce, which is repeated (§4.4.1); no other client gets that response', async () => {
    const { send, issue, issuer, signed } = await start();
    const id = certId(issuer, await issue('a.example.test'));
    const nonces = Array.from({ length: 50 }, (_, n) => Buffer.alloc(1 + (n % 32), n));
    const answers = await Promise.all(nonces.map((nonce) => send(ocspRequest([id], { nonce }))));
    expect(answers.map(({ response }) => readOcsp(response, issuer).nonce)).toEqual(
      nonces.map((nonce) => nonce.toString('hex')),
    );
    expect(answers.filter(({ next_update }) => next_update !== undefined)).toEqual([]);
    expect(signed.count).toBe(50);
  });

  it('are reused for half of a response’s validity, then made again', async () => {
    const { ask, issue, time, signed } = await start();
    const serial = await issue('a.example.test');
    const first = await ask(serial);
    expect(first.answers[0]?.nextUpdate).toBe(first.producedAt + 12 * HOUR);
    expect(first.answers[0]?.thisUpdate).toBe(first.producedAt - HOUR);
    time.now += 6 * HOUR - 1001;
    expect(await ask(serial)).toEqual(first);
    time.now += 1001;
    const second = await ask(serial);
    expect(second.producedAt).toBe(Math.floor(time.now / 1000) * 1000);
    expect(signed.count).toBe(2);
  });
});

describe('a revocation that was answered', () => {
  it('is in every later response, and so is its end', async () => {
    const { ra, statusOf, issue } = await start();
    const serial = await issue('a.example.test');
    const wrong: string[] = [];
    let answered: string | null = 'good';
    let asking = true;
    const askers = Array.from({ length: 3 }, async () => {
      while (asking) {
        const before = answered;
        const told = await statusOf(serial);
        if (before !== null && before === answered && told !== before) wrong.push(`${before}, told ${told}`);
      }
    });
    for (let round = 0; round < 10; round += 1) {
      for (let n = 0; n < 3; n += 1) await statusOf(serial);
      answered = null;
      await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
      answered = 'revoked';
      for (let n = 0; n < 3; n += 1) await statusOf(serial);
      answered = null;
      await ra.call('unrevoke', { dn: 'a.example.test' });
      answered = 'good';
    }
    asking = false;
    await Promise.all(askers);
    expect(wrong).toEqual([]);
  });

  it('does not bring back earlier responses when it ends, even to requests with a nonce', async () => {
    const { ra, ask, issue, time } = await start();
    const serial = await issue('a.example.test');
    const before = await ask(serial);
    time.now += HOUR;
    await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
    await ask(serial, { nonce: Buffer.alloc(8) });
    time.now += HOUR;
    await ra.call('unrevoke', { dn: 'a.example.test' });
    const after = await ask(serial);
    expect(after.answers[0]?.status).toBe('good');
    expect(after.producedAt).toBe(before.producedAt + 2 * HOUR);
  });

  it('by another process on the same store is in the next response', async () => {
    const { world, statusOf, issue } = await start();
    const serial = await issue('a.example.test');
    expect(await statusOf(serial)).toBe('good');
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(join(world.dataDir, 'ca.db'));
    await store.revoke(serial, Date.now(), 1);
    await store.close();
    expect(await statusOf(serial)).toBe('revoked');
  });
});

describe('RFC 6960 §4.2.2.2 the responder’s certificate', () => {
  it('is signed by the issuing CA, only for OCSP, short-lived, not in listings, and its file is readable by the owner only', async () => {
    const { world, ra, ask, time } = await start();
    const { responder } = await ask('7f00');
    expect(responder.subject).toBe('O=Test\nCN=Test Issuing CA OCSP responder');
    expect(responder.keyUsage).toEqual(['1.3.6.1.5.5.7.3.9']);
    expect(responder.infoAccess).toBeUndefined();
    const days = (Date.parse(responder.validTo) - time.now) / DAY;
    expect(Math.round(days)).toBe(30);
    expect((await stat(join(world.dataDir, 'ocsp.pem'))).mode & 0o777).toBe(0o600);
    const { certificates } = await ra.call('list_certificates', {});
    expect(certificates.map(({ profile }) => profile)).toEqual(['ra']);
    const serial = responder.serialNumber.toLowerCase();
    await expect(ra.call('view', { dn: serial })).resolves.toMatchObject({ profile: 'ocsp', status: 'good' });
    expect((await ask(serial)).answers[0]?.status).toBe('good');
  });

  it('is used again after a restart', async () => {
    const { world, ask } = await start();
    const before = await ask('7f00');
    await world.stop();
    await world.start();
    const again = await connect(world);
    expect((await again.ask('7f00')).responder.serialNumber).toBe(before.responder.serialNumber);
  });

  it('is replaced ten days before it expires; responses of the old one stay valid until then', async () => {
    const { ask, issue, issuer, send, time } = await start();
    const serial = await issue('a.example.test');
    const old = await ask(serial);
    time.now += 19 * DAY;
    expect((await ask(serial)).responder.serialNumber).toBe(old.responder.serialNumber);
    time.now += DAY + 2 * HOUR;
    const last = await send(ocspRequest([certId(issuer, serial)]));
    const next = async () => (await ask(serial, { nonce: Buffer.alloc(4) })).responder;
    await expect.poll(async () => (await next()).serialNumber).not.toBe(old.responder.serialNumber);
    const signedByOld = readOcsp(last.response, issuer);
    expect(Date.parse(signedByOld.responder.validTo)).toBeGreaterThan(
      signedByOld.answers[0]?.nextUpdate ?? Infinity,
    );
    expect(Date.parse((await next()).validTo)).toBeGreaterThan(time.now + 29 * DAY);
  });

  it('is replaced before the answer when the first request comes after it expired', async () => {
    const { ask, time } = await start();
    const old = await ask('7f00');
    time.now += 40 * DAY;
    const { responder } = await ask('7f00');
    expect(responder.serialNumber).not.toBe(old.responder.serialNumber);
    expect(Date.parse(responder.validTo)).toBeGreaterThan(time.now);
  });

  it.each<[string, (pem: string) => string]>([
    ['damaged', (pem) => pem.slice(0, 100)],
    ['of another CA', () => ''],
  ])('%s on disk is replaced at the next start', async (_, change) => {
    const { world, ask } = await start();
    const old = await ask('7f00');
    await world.stop();
    const path = join(world.dataDir, 'ocsp.pem');
    let content = change(await readFile(path, 'utf8'));
    if (content === '') {
      const other = await start();
      content = await readFile(join(other.world.dataDir, 'ocsp.pem'), 'utf8');
    }
    await writeFile(path, content);
    await world.start();
    const { responder } = await (await connect(world)).ask('7f00');
    expect(responder.serialNumber).not.toBe(old.responder.serialNumber);
  });

  it.each([
    'rsa',
    'ec',
  ] as const)('of an imported %s root that may have no CA below it is that root’s, its key encrypted like the others', async (type) => {
    const imported = opensslRoot(newFolder(), 'CA:TRUE,pathlen:0', type);
    const passphrase = 'correct horse';
    const { world, ra, ask, issue, statusOf } = await start({ passphrase }, { passphrase, imported });
    expect(await ra.call('get_ca_chain', {})).toMatchObject({ chain: '' });
    expect(await statusOf(await issue('a.example.test'))).toBe('good');
    const { responder } = await ask('7f00');
    expect(responder.issuer).toBe('O=Old\nCN=Old Root');
    expect(await readFile(join(world.dataDir, 'ocsp.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    await world.stop();
    await world.start();
    const again = await connect(world);
    expect((await again.ask('7f00')).responder.serialNumber).toBe(responder.serialNumber);
  });
});
