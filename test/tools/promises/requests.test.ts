import { describe, expect, it } from 'vitest';
import { AcmeError, ProtocolViolation } from '../../../tools/kit/acme-bodies.js';
import { Ledger } from '../../../tools/promises/ledger.js';
import { type Excuses, Outages } from '../../../tools/promises/outages.js';
import { Abandoned, Requests } from '../../../tools/promises/requests.js';

const lostConnection = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
const refusal = (status: number, type: string, headers = {}) =>
  new AcmeError({ type: `urn:ietf:params:acme:error:${type}` }, status, headers);
const unavailable = refusal(503, 'serverInternal', { 'retry-after': '5' });
const raDown = { lost: true, unavailable: true };
const caDown = { lost: false, unavailable: true };

/** Fails a request asked at 10 with `error` at 20; the findings. */
async function failing(error: Error, outage: { excuses: Excuses; from: number; until: number } | null) {
  let time = 0;
  const now = () => time;
  const ledger = new Ledger();
  const outages = new Outages(now);
  const requests = new Requests(outages, ledger.report, now);
  let end = () => {};
  const at = (moment: number) => {
    time = moment;
    if (outage?.from === moment) end = outages.begin(outage.excuses);
    if (outage?.until === moment) end();
  };
  for (const moment of [0, 5, 10]) at(moment);
  const asked = requests.ask('something', async () => {
    for (const moment of [15, 20]) at(moment);
    throw error;
  });
  await expect(asked).rejects.toBeInstanceOf(Abandoned);
  return ledger.findings.map(({ fault }) => fault);
}

describe('a failed request of the crash run', () => {
  it.each([
    ['a lost connection while the RA is down', lostConnection(), { excuses: raDown, from: 5, until: 100 }],
    [
      'a lost connection to an RA killed meanwhile',
      lostConnection(),
      { excuses: raDown, from: 15, until: 100 },
    ],
    [
      'a lost connection to an RA that came back meanwhile',
      lostConnection(),
      { excuses: raDown, from: 5, until: 15 },
    ],
    ['503 with Retry-After while only the CA is down', unavailable, { excuses: caDown, from: 5, until: 100 }],
  ])('is excused for %s', async (_, error, outage) => {
    expect(await failing(error, outage)).toEqual([]);
  });

  it.each([
    ['a lost connection while everything runs', lostConnection(), null],
    ['a lost connection after the outage', lostConnection(), { excuses: raDown, from: 0, until: 5 }],
    [
      'a lost connection while only the CA is down',
      lostConnection(),
      { excuses: caDown, from: 5, until: 100 },
    ],
    ['503 while everything runs', unavailable, null],
    ['503 without Retry-After', refusal(503, 'serverInternal'), { excuses: raDown, from: 5, until: 100 }],
    [
      '503 of another type',
      refusal(503, 'malformed', { 'retry-after': '5' }),
      { excuses: raDown, from: 5, until: 100 },
    ],
    [
      '503 while only lost connections are excused',
      unavailable,
      { excuses: { lost: true, unavailable: false }, from: 5, until: 100 },
    ],
    ['500 at any time', refusal(500, 'serverInternal'), { excuses: raDown, from: 5, until: 100 }],
    ['an unprovoked refusal', refusal(403, 'orderNotReady'), { excuses: raDown, from: 5, until: 100 }],
    [
      'a response that violates the RFC',
      new ProtocolViolation('no nonce'),
      { excuses: raDown, from: 5, until: 100 },
    ],
  ])('is a finding for %s', async (_, error, outage) => {
    expect(await failing(error, outage)).toEqual(['unexpected']);
  });

  it('returns an expected refusal to its caller', async () => {
    const ledger = new Ledger();
    const requests = new Requests(new Outages(), ledger.report);
    const expected = refusal(400, 'alreadyRevoked');
    const answer = await requests.askExpecting('revoke', ['alreadyRevoked'], async () => {
      throw expected;
    });
    expect(answer).toBe(expected);
    expect(ledger.findings).toEqual([]);
  });
});
