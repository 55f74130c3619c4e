import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/kit/folder.js';
import { certId, ocspRequest, readOcsp } from '../../support/ocsp.js';
import { opensslRoot } from '../openssl-root.js';
import { connect, DAY, HOUR, start } from './harness.js';

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
