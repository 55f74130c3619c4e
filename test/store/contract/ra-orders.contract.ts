import { describe, expect, test } from 'vitest';
import {
  aCertificate,
  anAccount,
  anAuthorization,
  anOrder,
  atOnce,
  HOUR,
  NOW,
  nextId,
  PROBLEM,
} from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

const CSR = new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x00]);
const LEASE = NOW + 30_000;

export function ordersContract(world: World): void {
  describe('orders (RFC 8555 §7.4)', () => {
    test('an order comes back with every fact, and its authorizations in its own order', async () => {
      const { store, account } = world;
      const id = nextId();
      const first = anAuthorization(account, { orderId: id });
      const second = anAuthorization(account, {
        orderId: id,
        identifier: { type: 'ip', value: '2001:db8::1' },
      });
      const order = anOrder(account, {
        id,
        identifiers: [
          { type: 'ip', value: '2001:db8::1' },
          { type: 'dns', value: '*.example.com' },
        ],
        authorizationIds: [second.id, first.id],
        notBefore: NOW,
        notAfter: NOW + HOUR,
      });
      expect(await store.createOrder(order, [first, second])).toBe(true);
      expect(await store.getOrder(id)).toEqual({ order, authorizations: [second, first] });
      expect(await store.getOrder('none')).toBeNull();
    });

    test('an order may use an existing authorization', async () => {
      const { store, account } = world;
      const earlier = anAuthorization(account);
      await store.createAuthorization(earlier);
      const order = anOrder(account, { authorizationIds: [earlier.id] });
      await store.createOrder(order, []);
      expect((await store.getOrder(order.id))?.authorizations).toEqual([earlier]);
    });

    test('an order of an unknown account is not stored, nor are its authorizations', async () => {
      const { store, account } = world;
      const nobody = { ...account, id: 'nobody' };
      const authorization = anAuthorization(account);
      const order = anOrder(nobody, { authorizationIds: [authorization.id] });
      await expect(store.createOrder(order, [authorization])).rejects.toThrow();
      expect(await store.getOrder(order.id)).toBeNull();
      expect(await store.getAuthorization(authorization.id)).toBeNull();
    });

    test('the order ids of one account are listed newest first, page by page (§7.1.2.1)', async () => {
      const { store, account } = world;
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.unshift((await world.order()).order.id);
      const page = (after: string | null) => store.listOrderIds(account.id, { after, limit: 2, now: NOW });
      expect(await page(null)).toEqual(ids.slice(0, 2));
      expect(await page(ids[1] ?? '')).toEqual(ids.slice(2, 4));
      expect(await page(ids[3] ?? '')).toEqual(ids.slice(4));
      expect(await store.listOrderIds('none', { after: null, limit: 2, now: NOW })).toEqual([]);
    });

    test('expired orders are listed only if they have a certificate or may still get one (§7.1.2.1)', async () => {
      const { store, account } = world;
      const past = { expiresAt: NOW - 1 };
      const issued = (await world.order(past)).order;
      await store.beginFinalize(issued.id, CSR, LEASE);
      await store.recordIssuance(issued.id, aCertificate(issued));
      const processing = (await world.order(past)).order;
      await store.beginFinalize(processing.id, CSR, LEASE);
      await world.order(past);
      const failed = (await world.order(past)).order;
      await store.failOrder(failed.id, PROBLEM);
      const listed = await store.listOrderIds(account.id, { after: null, limit: 9, now: NOW });
      expect(listed).toEqual([processing.id, issued.id]);
    });

    test('one of many concurrent finalize requests is accepted, and its CSR stays (§7.4)', async () => {
      const { store } = world;
      const { order } = await world.order();
      const results = await atOnce(8, (index) =>
        store.beginFinalize(order.id, new Uint8Array([index]), LEASE),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect((await store.getOrder(order.id))?.order.csr).toEqual(new Uint8Array([results.indexOf(true)]));
      expect(await store.beginFinalize('none', CSR, LEASE)).toBe(false);
    });

    test('no CSR is accepted for an account that ended meanwhile (§7.3.6)', async () => {
      const { store } = world;
      for (const end of ['deactivateAccount', 'revokeAccount'] as const) {
        const account = (await store.createAccount(anAccount())).account;
        const order = anOrder(account);
        await store.createOrder(order, []);
        await store[end](account.id, NOW);
        expect(await store.beginFinalize(order.id, CSR, LEASE)).toBe(false);
        expect((await store.getOrder(order.id))?.order.csr).toBeNull();
      }
    });

    test('an order whose CSR was refused accepts another, and an ended order does not revive', async () => {
      const { store } = world;
      const { order } = await world.order();
      expect(await store.returnOrder(order.id)).toBe(false);
      await store.beginFinalize(order.id, CSR, LEASE);
      expect(await store.returnOrder(order.id)).toBe(true);
      expect((await store.getOrder(order.id))?.order).toEqual({ ...order, csr: null });
      expect(await store.claimFinalizations(LEASE, LEASE, 10)).toEqual([]);
      expect(await store.beginFinalize(order.id, new Uint8Array([1]), LEASE)).toBe(true);
      await store.failOrder(order.id, PROBLEM);
      expect(await store.returnOrder(order.id)).toBe(false);
      const issued = (await world.order()).order;
      await store.beginFinalize(issued.id, CSR, NOW);
      await store.recordIssuance(issued.id, aCertificate(issued));
      expect(await store.returnOrder(issued.id)).toBe(false);
    });

    test('a failed order accepts no CSR, and a second error does not replace the first', async () => {
      const { store } = world;
      const { order } = await world.order();
      expect(await store.failOrder(order.id, PROBLEM)).toBe(true);
      expect(await store.failOrder(order.id, { ...PROBLEM, detail: 'other' })).toBe(false);
      expect(await store.beginFinalize(order.id, CSR, LEASE)).toBe(false);
      expect((await store.getOrder(order.id))?.order.error).toEqual(PROBLEM);
    });

    test('a finalization belongs to its holder until the lease ends, then to the first claim', async () => {
      const { store } = world;
      const { order } = await world.order();
      await store.beginFinalize(order.id, CSR, LEASE);
      expect(await store.claimFinalizations(LEASE - 1, LEASE + 1, 10)).toEqual([]);
      const claims = await atOnce(4, () => store.claimFinalizations(LEASE, LEASE + 30_000, 10));
      expect(claims.flat()).toEqual([{ order: { ...order, csr: CSR }, attempts: 0 }]);
      expect(await store.claimFinalizations(LEASE + 29_999, LEASE + 60_000, 10)).toEqual([]);
      expect(await store.claimFinalizations(LEASE + 30_000, LEASE + 60_000, 10)).toHaveLength(1);
    });

    test('a finalization deferred by a clock a year ahead is due once the clock is right', async () => {
      const { store } = world;
      const { order } = await world.order();
      await store.beginFinalize(order.id, CSR, LEASE + 365 * 86_400_000);
      const claimed = await store.claimFinalizations(NOW, LEASE, 10);
      expect(claimed.map((each) => each.order.id)).toEqual([order.id]);
      expect(await store.claimFinalizations(NOW, LEASE, 10)).toEqual([]);
    });

    test('claims return the longest due items first, and no more than requested', async () => {
      const { store } = world;
      const orders = [await world.order(), await world.order(), await world.order()];
      for (const [index, { order }] of orders.entries()) {
        await store.beginFinalize(order.id, CSR, NOW - index);
      }
      const claimed = await store.claimFinalizations(NOW, LEASE, 2);
      expect(claimed.map(({ order }) => order.id)).toEqual([orders[2]?.order.id, orders[1]?.order.id]);
      expect(await store.claimFinalizations(NOW, LEASE, 2)).toHaveLength(1);
    });

    test('a deferred finalization stores the reason, counts the attempt and is due at its time', async () => {
      const { store } = world;
      const { order } = await world.order();
      await store.beginFinalize(order.id, CSR, LEASE);
      await store.deferFinalize(order.id, NOW + 1_000);
      expect((await store.getOrder(order.id))?.order.finalizeDeferred).toBe(true);
      expect(await store.claimFinalizations(NOW + 999, LEASE, 10)).toEqual([]);
      expect(await store.claimFinalizations(NOW + 1_000, LEASE, 10)).toMatchObject([{ attempts: 1 }]);
    });

    test('an ended order is not claimed, and deferring it does not revive it', async () => {
      const { store } = world;
      const failed = (await world.order()).order;
      await store.beginFinalize(failed.id, CSR, NOW);
      await store.failOrder(failed.id, PROBLEM);
      const issued = (await world.order()).order;
      await store.beginFinalize(issued.id, CSR, NOW);
      await store.recordIssuance(issued.id, aCertificate(issued));
      for (const { id } of [failed, issued]) await store.deferFinalize(id, NOW);
      expect(await store.claimFinalizations(LEASE, LEASE, 10)).toEqual([]);
    });
  });
}
