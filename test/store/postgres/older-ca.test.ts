import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaStore } from '../../../src/store/open.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

/** The statement by which 0.1.0 revokes, without its audit record. */
const REVOKE = `
  WITH revoked AS (
    UPDATE certificates SET revoked_at = coalesce(revoked_at, $2), reason = $3::integer
    WHERE serial = $1 AND (revoked_at IS NULL OR (reason = 6 AND $3::integer IS DISTINCT FROM 6)) RETURNING issuer
  ),
  outdated AS (UPDATE crls SET stale_up_to = last_number WHERE issuer = (SELECT issuer FROM revoked))
  SELECT EXISTS (SELECT FROM revoked)`;

/** The statement by which it takes a certificate off hold. */
const RELEASE = `
  WITH back AS (
    UPDATE certificates SET revoked_at = NULL, reason = NULL
    WHERE serial = $1 AND revoked_at IS NOT NULL AND reason = 6 RETURNING issuer
  ),
  outdated AS (UPDATE crls SET stale_up_to = last_number WHERE issuer = (SELECT issuer FROM back))
  SELECT EXISTS (SELECT FROM back)`;

test('in a rolling upgrade, what a CA of the older version revokes and releases is noted for the CRLs of the newer one', async () => {
  const store = await openCaStore(database.url);
  const [one, two] = [aRecord(), aRecord()];
  for (const record of [one, two]) await store.recordCertificate(record);
  await store.revoke(two.serial, NOW, 6);
  const number = await store.allocateCrlNumber('', NOW, 'the newer CA');
  await store.putCrl('', { number, der: new Uint8Array([1]), thisUpdate: NOW, nextUpdate: NOW });
  await withClient(database.url, async (client) => {
    await client.query('SET search_path = upki_ca');
    await client.query(REVOKE, [one.serial, NOW, 1]);
    await client.query(RELEASE, [two.serial]);
    // It allocates numbers too, and notes nothing.
    await client.query("UPDATE crls SET last_number = last_number + 1 WHERE issuer = ''");
  });
  expect(await store.isCrlCurrent('', number)).toBe(false);
  const since = { issuer: '', allocation: 'the newer CA', number, limit: 10, endedFrom: NOW };
  expect(new Set(await store.listChanged(since))).toEqual(
    new Set([
      { serial: one.serial, number, entry: { serial: one.serial, revokedAt: NOW, reason: 1 } },
      { serial: two.serial, number, entry: null },
    ]),
  );
  await store.close();
});
