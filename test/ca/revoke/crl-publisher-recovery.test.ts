import { DatabaseSync } from '@photostructure/sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { NOW } from '../../../tools/kit/signing-world.js';
import {
  anIssuer,
  answersLost,
  HOUR,
  location,
  MINUTE,
  open,
  serialsOf,
  store,
  VALIDITY,
} from './published-crls.js';

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
