import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Member } from '../../../src/ca/authorities/member.js';
import { keyInFile } from '../../../src/ca/folder/signing-key.js';
import { CrlPublisher } from '../../../src/ca/revoke/crl-publisher.js';
import type { CaStore } from '../../../src/store/contract/ca.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { openCaStore } from '../../../src/store/index.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { anAuthority, aRecord, atOnce } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { NOW, signingWorld } from '../../../tools/kit/signing-world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const VALIDITY = 7 * DAY;

const { intermediate, issuerKey } = await signingWorld();
const key = keyInFile(issuerKey);
const log = pino({ level: 'silent' });

const DATABASES = {
  async SQLite() {
    const folder = newFolder();
    return { location: join(folder, 'ca.db'), discard: () => rm(folder, { recursive: true }) };
  },
  async PostgreSQL() {
    const { url, drop } = await createDatabase();
    return { location: url, discard: drop };
  },
};

let location: string;
let store: CaStore;
let asked: string[];
/** Calls that are carried out, but fail for the caller. */
const answersLost = new Set<keyof CaStore>();
/** What happens between the allocation of a number and the reading of entries. */
let afterAllocation: (() => Promise<unknown>) | null = null;
let end: () => Promise<void>;
async function open(database: keyof typeof DATABASES): Promise<void> {
  const made = await DATABASES[database]();
  location = made.location;
  const real = await openCaStore(location);
  asked = [];
  store = new Proxy(real, {
    get: (target, name: keyof CaStore) => {
      asked.push(name);
      if (name === 'allocateCrlNumber' && afterAllocation !== null) {
        return async (...args: Parameters<CaStore['allocateCrlNumber']>) => {
          const number = await target.allocateCrlNumber(...args);
          await afterAllocation?.();
          return number;
        };
      }
      if (!answersLost.has(name)) return target[name];
      return async (...args: never[]) => {
        await (target[name] as (...args: never[]) => unknown)(...args);
        throw new StoreUnavailable('the answer was lost');
      };
    },
  });
  end = async () => {
    await real.close();
    await made.discard();
  };
}
afterEach(() => {
  afterAllocation = null;
  return end();
});

/** An issuer of its own in the store, its certificates, and publishers of its CRL, which share a clock. */
async function anIssuer() {
  const record = anAuthority({ certificate: intermediate });
  await store.addAuthority(record, null);
  const issuer = new Member(record, key, null);
  const time = { now: NOW };
  const publisher = () => new CrlPublisher({ store, issuer, validity: VALIDITY, clock: () => time.now, log });
  const issue = async (life = 90 * DAY) => {
    const notAfter = time.now + life;
    const { certificate } = await store.recordCertificate(aRecord({ issuer: issuer.tag, notAfter }));
    return certificate.serial;
  };
  const listed = async (from: CrlPublisher) => {
    const { der, number } = await from.publish();
    const crl = parseCrl(der);
    expect(crl.number).toBe(BigInt(number));
    return crl.entries;
  };
  /** What a CRL that is made of all certificates lists at this moment. */
  const full = async () => {
    const page = { issuer: issuer.tag, after: null, limit: 1_000, endedFrom: time.now - VALIDITY };
    return (await store.listRevoked(page)).items;
  };
  return { issuer, time, publisher, issue, listed, full };
}

const bySerial = (one: { serial: string }, other: { serial: string }) => (one.serial < other.serial ? -1 : 1);
const serialsOf = (entries: readonly { serial: string }[]) => entries.map(({ serial }) => serial).sort();

/** One step of a history. `which` chooses a certificate or a publisher. */
const step = fc.record({
  what: fc.constantFrom(
    'issue',
    'issue short',
    'revoke',
    'revoke',
    'hold',
    'release',
    'wait',
    'restart',
    'make',
    'make',
  ),
  which: fc.nat(30),
  reason: fc.constantFrom(null, 1, 4),
  wait: fc.constantFrom(1000, MINUTE, 30 * MINUTE, 2 * HOUR, 8 * DAY, -MINUTE, -2 * HOUR, -30 * DAY),
});

describe.each(
  Object.keys(DATABASES) as (keyof typeof DATABASES)[],
)('the CRLs of publishers on %s', (database) => {
  beforeEach(() => open(database));
  const runs = database === 'SQLite' ? {} : { numRuns: 25 };

  test('list after any history what a CRL of all certificates lists, each once, and beside it only ended ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const { time, publisher, issue, listed, full } = await anIssuer();
        const publishers = [publisher(), publisher()];
        const serials = [await issue(), await issue()];
        const ends = new Map(serials.map((serial) => [serial, time.now + 90 * DAY]));
        for (const { what, which, reason, wait } of steps) {
          const serial = serials[which % serials.length] ?? '';
          if (what.startsWith('issue')) {
            const life = what === 'issue' ? 90 * DAY : DAY;
            const fresh = await issue(life);
            ends.set(fresh, time.now + life);
            serials.push(fresh);
          } else if (what === 'revoke') await store.revoke(serial, time.now, reason);
          else if (what === 'hold') await store.revoke(serial, time.now, 6);
          else if (what === 'release') await store.unrevoke(serial);
          else if (what === 'wait') time.now += wait;
          else if (what === 'restart') publishers[which % 2] = publisher();
          else {
            const entries = await listed(publishers[which % 2] ?? expect.unreachable());
            const wanted = await full();
            const present = new Set(serialsOf(wanted));
            const others = entries.filter((entry) => !present.has(entry.serial));
            for (const { serial: other } of others) expect(ends.get(other)).toBeLessThan(time.now);
            const found = new Map(entries.map((entry) => [entry.serial, entry]));
            expect(entries).toHaveLength(found.size);
            for (const { serial: each, reason: why, revokedAt } of wanted) {
              const entry = found.get(each) ?? expect.unreachable(`${each} is missing`);
              expect(entry.reason).toBe(why);
              // A CRL that was made while the clock was behind by less than an hour may have an earlier date.
              const date = Math.min(revokedAt, time.now);
              expect(entry.revokedAt).toBeLessThanOrEqual(date);
              expect(entry.revokedAt).toBeGreaterThan(date - HOUR);
            }
          }
        }
      }),
      runs,
    );
  });

  test('have every revocation that was confirmed before, and none twice, while two make them and many are revoked', async () => {
    const { publisher, issue, listed } = await anIssuer();
    const serials = await atOnce(150, () => issue());
    const confirmed: string[] = [];
    const revoking = Promise.all(
      serials.map(async (serial) => {
        await store.revoke(serial, NOW, 1);
        confirmed.push(serial);
      }),
    );
    const making = [publisher(), publisher()].map(async (each) => {
      for (let found = 0; found < serials.length; ) {
        const before = [...confirmed];
        const entries = serialsOf(await listed(each));
        expect(new Set(entries).size).toBe(entries.length);
        expect(before.filter((serial) => !entries.includes(serial))).toEqual([]);
        found = entries.length;
      }
    });
    await Promise.all([revoking, ...making]);
  });

  test('after a revocation, a hold and its end are made without reading the other revoked certificates', async () => {
    const { publisher, issue, listed } = await anIssuer();
    const [one, two, three] = [await issue(), await issue(), await issue()];
    await store.revoke(one, NOW, 1);
    const first = publisher();
    expect(serialsOf(await listed(first))).toEqual([one]);
    asked.length = 0;
    await store.revoke(two, NOW, 6);
    await store.revoke(three, NOW, 6);
    expect(serialsOf(await listed(first))).toEqual([one, two, three].sort());
    await store.unrevoke(two);
    await store.revoke(three, NOW, 1);
    expect((await listed(first)).sort(bySerial)).toEqual(
      [one, three].map((serial) => ({ serial, revokedAt: NOW, reason: 1 })).sort(bySerial),
    );
    expect(asked).toContain('listChanged');
    expect(asked).not.toContain('listRevoked');
  });

  test('are made of all revoked certificates when an operator asks for one', async () => {
    const { publisher, issue, listed } = await anIssuer();
    await store.revoke(await issue(), NOW, 1);
    const only = publisher();
    await listed(only);
    asked.length = 0;
    await only.publishInFull();
    expect(asked).toContain('listRevoked');
    asked.length = 0;
    await listed(only);
    expect(asked).not.toContain('listRevoked');
  });

  test('lose certificates that ended when an hour has passed, and not before the CRL that was made after their end', async () => {
    const { time, publisher, issue, listed } = await anIssuer();
    const short = await issue(HOUR);
    await store.revoke(short, NOW, 1);
    const only = publisher();
    await listed(only);
    time.now += VALIDITY + 2 * HOUR;
    expect(serialsOf(await listed(only))).toEqual([short]);
    time.now += 59 * MINUTE;
    expect(serialsOf(await listed(only))).toEqual([short]);
    time.now += 2 * MINUTE;
    expect(await listed(only)).toEqual([]);
  });
});

describe('a publisher whose clock was wrong', () => {
  beforeEach(() => open('SQLite'));

  test('lists no date in the future, although the CRL before it had one', async () => {
    const { time, publisher, issue, listed } = await anIssuer();
    const serial = await issue();
    const only = publisher();
    await listed(only);
    time.now += VALIDITY + HOUR;
    await store.revoke(serial, time.now, 1);
    await listed(only);
    time.now -= 10 * MINUTE;
    expect(await listed(only)).toEqual([{ serial, revokedAt: time.now, reason: 1 }]);
  });

  test('lists a certificate again that was not on the CRL before it, because the last one of all is from before its end', async () => {
    const { issuer, time, publisher, issue, listed } = await anIssuer();
    const serial = await issue(HOUR);
    await store.revoke(serial, NOW, 1);
    const only = publisher();
    time.now += 2 * VALIDITY;
    expect(await listed(only)).toEqual([]);
    // By another CA, whose clock is behind.
    const number = await store.allocateCrlNumber(issuer.tag, time.now);
    const times = { thisUpdate: NOW, nextUpdate: time.now + HOUR };
    await store.putCrl(issuer.tag, { number, der: new Uint8Array([1]), ...times });
    expect((await only.current()).number).toBe(number);
    expect(serialsOf(await listed(only))).toEqual([serial]);
  });
});

describe('a publisher whose database lost its last transactions', () => {
  beforeEach(() => open('SQLite'));

  test.each([
    ['smaller than its own', MINUTE],
    ['allocated a second time', 0],
  ])('lists what is revoked afterwards, although the numbers there are %s', async (_numbers, later) => {
    const { issuer, time, publisher, issue, listed } = await anIssuer();
    const [before, lost, after] = [await issue(), await issue(), await issue()];
    await store.revoke(before, NOW, 1);
    const only = publisher();
    await listed(only);
    const copy = `${location}.copy`;
    const raw = new DatabaseSync(location);
    raw.exec(`VACUUM INTO '${copy}'`);
    time.now += later;
    await store.revoke(lost, NOW, 1);
    expect(serialsOf(await listed(only))).toEqual([before, lost].sort());
    // As after a failover: everything since the copy is gone, while the publisher runs.
    raw.exec(`ATTACH '${copy}' AS old; BEGIN;
      UPDATE certificates SET revoked_at = NULL, reason = NULL WHERE serial = '${lost}';
      DELETE FROM crl_changes; INSERT INTO crl_changes SELECT * FROM old.crl_changes;
      DELETE FROM crls; INSERT INTO crls SELECT * FROM old.crls; COMMIT; DETACH old`);
    raw.close();
    await store.revoke(after, NOW, 1);
    expect((await store.getCrl(issuer.tag))?.number).toBe(NOW);
    time.now += later;
    expect(serialsOf(await listed(only))).toEqual([before, after].sort());
  });

  test.each([
    ['of all certificates', false],
    ['from the one before', true],
  ])('lists a certificate whose release from hold was lost, although the last CRL, made %s, showed it', async (_made, isSecond) => {
    const { publisher, issue, listed } = await anIssuer();
    const [held, other] = [await issue(), await issue()];
    await store.revoke(held, NOW, 6);
    const only = publisher();
    if (isSecond) expect(serialsOf(await listed(only))).toEqual([held]);
    afterAllocation = () => store.unrevoke(held);
    expect(await listed(only)).toEqual([]);
    afterAllocation = null;
    // As after a failover that lost the release and nothing before it.
    const raw = new DatabaseSync(location);
    raw.exec(`UPDATE certificates SET revoked_at = ${NOW}, reason = 6 WHERE serial = '${held}';
      DELETE FROM crl_changes WHERE serial = '${held}' AND number >= ${NOW + (isSecond ? 1 : 0)}`);
    raw.close();
    await store.revoke(other, NOW, 1);
    expect(serialsOf(await listed(only))).toEqual([held, other].sort());
  });

  test('uses no number again, also when the answer to an allocation was lost', async () => {
    const { issuer, time, publisher, issue, listed } = await anIssuer();
    const after = await issue();
    const only = publisher();
    await listed(only);
    const { number: last } = await only.publish();
    // As after a failover, with a clock that had been ahead: the last number and its notes are gone.
    time.now -= HOUR;
    const raw = new DatabaseSync(location);
    raw.exec(`UPDATE crls SET last_number = ${last - 1}, number = NULL, stale_up_to = 0 WHERE issuer = '${issuer.tag}';
      DELETE FROM crl_changes WHERE number >= ${last}`);
    raw.close();
    await store.revoke(after, time.now, 1);
    answersLost.add('allocateCrlNumber');
    await expect(only.publish()).rejects.toThrow('lost');
    answersLost.clear();
    time.now += HOUR;
    expect(serialsOf(await listed(only))).toEqual([after]);
    expect((await only.current()).number).toBeGreaterThan(last);
  });
});
