import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRaStore, type RaStore, rememberRecent, StoreUnavailable } from '../../src/store/index.js';
import { aCertificate, anAccount, anAuthorization, anOrder, HOUR, NOW } from '../../tools/kit/facts.js';
import { newFolder } from '../../tools/kit/folder.js';

const CSR = Uint8Array.from([0x30, 0x00]);

/** That it keeps every promise of RaStore is shown by the contract's tests; these are its own. */
describe('the cache of recent orders', () => {
  let folder: string;
  let disk: RaStore;
  /** Reads that went to the database. */
  let reads: string[];
  /** A write to fail after it was kept, as when the database thread dies between COMMIT and its answer. */
  let failing: string | null;
  let store: RaStore;
  const account = anAccount();

  beforeEach(async () => {
    folder = newFolder();
    disk = await openRaStore(join(folder, 'store.db'));
    await disk.createAccount(account);
    reads = [];
    failing = null;
    const watched = Object.entries(disk).map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        if (name.startsWith('get')) reads.push(name);
        const result = await (method as (...args: unknown[]) => unknown)(...args);
        if (name === failing) throw new StoreUnavailable('the answer was lost');
        return result;
      },
    ]);
    store = rememberRecent(Object.fromEntries(watched));
  });
  afterEach(async () => {
    await disk.close();
    await rm(folder, { recursive: true });
  });

  const place = async () => {
    const order = anOrder(account);
    const authorization = anAuthorization(account, { orderId: order.id });
    order.authorizationIds = [authorization.id];
    await store.createOrder(order, [authorization]);
    return { order, authorization };
  };

  test('brings an order to its certificate without reading, and equals the disk at every step', async () => {
    const { order, authorization } = await place();
    const same = async () => {
      expect(await store.getOrder(order.id)).toEqual(await disk.getOrder(order.id));
      expect(await store.getAuthorization(authorization.id)).toEqual(
        await disk.getAuthorization(authorization.id),
      );
    };
    await same();
    expect(await store.answerChallenge(authorization.id, 'http-01', NOW, NOW + HOUR)).toBe(true);
    await same();
    const outcome = { at: NOW, error: null, expiresAt: NOW + HOUR };
    expect(await store.completeValidation(authorization.id, 'http-01', outcome)).not.toBeNull();
    await same();
    expect(await store.beginFinalize(order.id, CSR, NOW + HOUR)).toBe(true);
    await same();
    const certificate = aCertificate(order);
    expect(await store.recordIssuance(order.id, certificate)).toBe(true);
    await same();
    expect(await store.getCertificate(certificate.id)).toEqual(await disk.getCertificate(certificate.id));
    expect(reads).toEqual([]);
  });

  test('drops an order once its certificate was fetched', async () => {
    const { order } = await place();
    const certificate = aCertificate(order);
    await store.recordIssuance(order.id, certificate);
    expect(await store.getCertificate(certificate.id)).toEqual(certificate);
    expect((await store.getOrder(order.id))?.order.certificateId).toBe(certificate.id);
    expect(await store.getCertificate(certificate.id)).toEqual(certificate);
    expect(reads).toEqual(['getOrder', 'getCertificate']);
  });

  test('reads from disk after a write with an unknown outcome', async () => {
    const { order, authorization } = await place();
    failing = 'answerChallenge';
    await expect(store.answerChallenge(authorization.id, 'http-01', NOW, NOW + HOUR)).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
    expect((await store.getAuthorization(authorization.id))?.challenges[0]?.answeredAt).toBe(NOW);
    failing = 'beginFinalize';
    await expect(store.beginFinalize(order.id, CSR, NOW)).rejects.toBeInstanceOf(StoreUnavailable);
    expect((await store.getOrder(order.id))?.order.csr).toEqual(CSR);
  });

  test('evicts the oldest orders beyond its limit', async () => {
    const { order } = await place();
    await Promise.all(Array.from({ length: 2_000 }, place));
    expect(await store.getOrder(order.id)).toEqual(await disk.getOrder(order.id));
    expect(reads).toEqual(['getOrder']);
  });
});
