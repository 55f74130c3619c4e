import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { openAuthorities } from '../../src/ca/authorities/open.js';
import { loadCaFiles } from '../../src/ca/folder/files.js';
import { openLocalStore } from '../../src/ca/local-access.js';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { ChannelUnavailable } from '../../src/channel/errors.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { parseCrl } from '../../src/x509/crl.js';
import { firstFromPem, fromPem } from '../../src/x509/pem.js';
import { certId, ocspRequest, ocspStatus, readOcsp } from '../support/ocsp.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const ending: CaWorld[] = [];
afterEach(async () => {
  for (const each of ending.splice(0)) await each.close();
});

/** A CA whose clock is `time.now`, an RA, and what somebody who is right about the time, `time.right`, makes of its answers. */
async function start(changes: ConstructorParameters<typeof CaWorld>[0] = {}) {
  const time = { now: Date.now() };
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const clock = () => time.now;
  const world = new CaWorld({ clock, log, ...changes }, { clock });
  ending.push(world);
  await world.start();
  const keys = newCurveKeyPair();
  const cn = 'ra.example.test';
  await world
    .registration()
    .call('register', { cn, csr: requestPem([cn]), curve_public_key: keys.publicKey, seed: '' });
  const client = { ra: world.operations(keys) };
  const restart = async () => {
    await world.stop();
    await world.start();
    client.ra = world.operations(keys);
  };
  const issue = async (name: string) => {
    const { certificate, serial } = await client.ra.call('sign', { csr: requestPem([name]) });
    return { serial, chain: fromPem('CERTIFICATE', certificate).map((der) => parseCertificate(der)) };
  };
  const crl = async () => parseCrl(Buffer.from(await client.ra.call('get_crl', {}), 'base64'));
  const ocsp = async (serial: string, issuer: Uint8Array) => {
    const request = ocspRequest([certId(issuer, serial)]).toString('base64');
    return Buffer.from((await client.ra.call('ocsp_respond', { request })).response, 'base64');
  };
  const issuerDer = async () => firstFromPem('CERTIFICATE', (await client.ra.call('get_ca_chain', {})).chain);
  return { world, time, lines, client, restart, issue, crl, ocsp, issuerDer };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Looks for a successor, as the CA does every few seconds. */
async function look({ world, time }: Started): Promise<void> {
  const store = await openLocalStore(world.dataDir, null);
  try {
    const files = await loadCaFiles({ dataDir: world.dataDir, passphrase: null, seed: null });
    const { succession } = await openAuthorities(store, files, {
      ...{ dataDir: world.dataDir, passphrase: null, publicUrl: null, shared: false, succeedAt: 0.5 },
      ...{ clock: () => time.now, log: pino({ level: 'silent' }) },
    });
    await succession.look();
  } finally {
    await store.close();
  }
}

const valid = (times: { notBefore: number; notAfter: number }, now: number) =>
  times.notBefore <= now && now < times.notAfter;

describe('what was made while the clock was a year ahead is replaced as soon as it is right', () => {
  it('the CRL is replaced at the next request, with a higher number, and lists certificates that had expired by the wrong clock', async () => {
    const { time, issue, crl, client } = await start();
    const { serial } = await issue('a.example.test');
    await client.ra.call('revoke', { dn: 'a.example.test' });
    const before = await crl();
    time.now += YEAR;
    const ahead = await crl();
    expect(ahead.thisUpdate).toBeGreaterThan(before.nextUpdate ?? Number.NaN);
    // Two, so that it is off the list there.
    await client.ra.call('generate_crl', {});
    expect((await crl()).entries).toEqual([]);
    time.now -= YEAR - 5 * 60_000;
    const after = await crl();
    expect(after.thisUpdate).toBeLessThanOrEqual(time.now);
    expect(after.nextUpdate).toBeLessThanOrEqual(time.now + 7 * DAY);
    expect(after.number).toBeGreaterThan(ahead.number ?? 0n);
    expect(after.entries.map((entry) => entry.serial)).toEqual([serial]);
    // And it is not made anew each time.
    expect((await crl()).number).toBe(after.number);
  });

  it('the OCSP responder’s certificate is replaced before the next answer', async () => {
    const { time, issue, ocsp, issuerDer } = await start();
    const { serial } = await issue('a.example.test');
    const issuer = await issuerDer();
    await ocsp(serial, issuer);
    time.now += YEAR;
    const ahead = readOcsp(await ocsp(serial, issuer), issuer);
    expect(valid(parseCertificate(ahead.responder.raw), time.now)).toBe(true);
    time.now -= YEAR;
    const answer = readOcsp(await ocsp(serial, issuer), issuer);
    expect(answer.answers[0]?.status).toBe('good');
    expect(answer.producedAt).toBeLessThanOrEqual(time.now);
    expect(valid(parseCertificate(answer.responder.raw), time.now)).toBe(true);
  });

  it('a revocation time in the future is given as now, on the CRL and by OCSP', async () => {
    const { time, issue, crl, ocsp, issuerDer, client } = await start();
    const { serial } = await issue('a.example.test');
    const issuer = await issuerDer();
    time.now += YEAR;
    await client.ra.call('revoke', { dn: 'a.example.test', reason: 'keyCompromise' });
    time.now -= YEAR;
    const [entry] = (await crl()).entries;
    expect(entry?.serial).toBe(serial);
    expect(entry?.revokedAt).toBeLessThanOrEqual(time.now);
    const [told] = readOcsp(await ocsp(serial, issuer), issuer).answers;
    expect(told).toMatchObject({ status: 'revoked', reason: 1 });
    expect(told?.revokedAt).toBeLessThanOrEqual(time.now);
  });

  it('the issuer is replaced by a valid one whose certificates verify, but not while the root has expired', async () => {
    const started = await start();
    const { time, issue, restart, client } = started;
    time.now += 3 * YEAR;
    await look(started);
    await restart();
    const future = (await issue('future.example.test')).chain;
    expect(valid(future[1] ?? expect.unreachable(), time.now - 3 * YEAR)).toBe(false);
    time.now -= 3 * YEAR;
    await restart();
    const { chain } = await issue('a.example.test');
    expect(chain.every((each) => valid(each, time.now))).toBe(true);
    const { authorities } = await client.ra.call('get_authorities', {});
    expect(authorities.filter(({ kind }) => kind === 'issuer')).toHaveLength(3);

    time.now += 20 * YEAR;
    await restart();
    const ended = await client.ra.call('get_authorities', {});
    expect(ended.authorities.filter(({ kind }) => kind === 'issuer')).toHaveLength(3);
    time.now -= 20 * YEAR;
    await restart();
    expect((await issue('b.example.test')).chain.every((each) => valid(each, time.now))).toBe(true);
  });

  it('a clock that goes back a day makes certificates that are valid, also just after a successor was made', async () => {
    const started = await start();
    const { time, issue, restart } = started;
    time.now += 3 * YEAR;
    await look(started);
    await restart();
    const right = time.now;
    for (const back of [HOUR / 2, DAY]) {
      time.now = right - back;
      await look(started);
      await restart();
      const { chain } = await issue('a.example.test');
      expect(chain.every((each) => valid(each, right))).toBe(true);
    }
    time.now = right;
    await restart();
    const { chain } = await issue('b.example.test');
    expect(chain.every((each) => valid(each, right))).toBe(true);
  });
});

describe('RFC 5280 §3.3 a revoked certificate', () => {
  it('is on a CRL made after it expired, even if the CA was off for a year, and leaves the list a CRL’s lifetime later', async () => {
    const { time, issue, crl, client, restart } = await start();
    const { serial, chain } = await issue('a.example.test');
    await client.ra.call('revoke', { dn: 'a.example.test' });
    await crl();
    time.now += YEAR;
    expect(time.now).toBeGreaterThan(chain[0]?.notAfter ?? Number.NaN);
    await restart();
    const first = await crl();
    expect(first.thisUpdate).toBeGreaterThan(chain[0]?.notAfter ?? Number.NaN);
    expect(first.entries.map((entry) => entry.serial)).toEqual([serial]);
    time.now += 6 * DAY;
    await client.ra.call('generate_crl', {});
    expect((await crl()).entries).toEqual([]);
  });

  it('stays for a whole scheduled CRL, however many are made in between', async () => {
    const { time, issue, crl, client } = await start();
    const { serial, chain } = await issue('a.example.test');
    await client.ra.call('revoke', { dn: 'a.example.test' });
    time.now = (chain[0]?.notAfter ?? Number.NaN) + HOUR;
    for (const day of [0, 1, 2, 6]) {
      time.now += day * DAY - (day > 0 ? (day - 1) * DAY : 0);
      await client.ra.call('generate_crl', {});
      expect((await crl()).entries.map((entry) => entry.serial)).toEqual([serial]);
    }
    time.now += 8 * DAY;
    await client.ra.call('generate_crl', {});
    expect((await crl()).entries).toEqual([]);
  });
});

describe('after the end of the issuer, without the key of its root', () => {
  it('orders wait, OCSP answers unauthorized without an internal error, and health names the expiry, also after a restart', async () => {
    const { world, time, lines, issue, ocsp, issuerDer, client, restart } = await start();
    const { serial } = await issue('a.example.test');
    const issuer = await issuerDer();
    expect((await client.ra.call('get_health', {})).troubles).toEqual([]);
    await rm(join(world.dataDir, 'ca.key'));
    await restart();
    time.now += 6 * YEAR;
    const sentence = () =>
      expect.stringMatching(/issuer .*ended on 20\d\d-.*nothing can be issued.*upki ca rollover issuer/);
    const look = async () => {
      expect(await client.ra.call('get_health', {})).toEqual({ time: time.now, troubles: [sentence()] });
      // The channel's way of saying: ask again later.
      await expect(issue('b.example.test')).rejects.toThrow(ChannelUnavailable);
      expect(ocspStatus(await ocsp(serial, issuer))).toBe(6);
      const { authorities } = await client.ra.call('get_authorities', {});
      expect(authorities.find(({ kind }) => kind === 'issuer')?.warning).toEqual(sentence());
    };
    await look();
    await restart();
    await look();
    expect(lines.filter((line) => line.includes('OCSP request could not be answered'))).toEqual([]);
    expect(lines.join('')).toContain('nothing can be issued');
  });

  it('before its validity starts, health shows the time of the clock, and OCSP answers tryLater', async () => {
    const { time, issue, ocsp, issuerDer, client } = await start();
    const { serial } = await issue('a.example.test');
    const issuer = await issuerDer();
    time.now -= YEAR;
    const { troubles } = await client.ra.call('get_health', {});
    expect(troubles).toEqual([expect.stringMatching(/is not valid before .*the clock of the CA says/)]);
    await expect(issue('b.example.test')).rejects.toThrow(ChannelUnavailable);
    expect(ocspStatus(await ocsp(serial, issuer))).toBe(3);
  });
});
