import { describe, expect, test } from 'vitest';
import type { Account, Node } from '../../../src/model/facts.js';
import { aCertificate, aNode, anAccount, anOrder, atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

/** What an operator asks of accounts, nodes with keys, and failures. */
export function operatorContract(world: World): void {
  const node = async (facts: Partial<Node> = {}, key: Partial<NonNullable<Node['key']>> = {}) => {
    const made = aNode(facts);
    const id = `kid-${made.id}`;
    const wanted = { ...made, key: { id, sealed: 's', expiresAt: null, once: false, usedAt: null, ...key } };
    expect(await world.store.createNode(wanted)).toBe(true);
    return wanted;
  };
  const bound = (to: Node, facts: Partial<Account> = {}) =>
    anAccount({ nodeId: to.id, externalAccount: { kid: to.key?.id ?? '', jws: {} }, ...facts });

  describe('accounts as the operator sees them', () => {
    test('an account revoked by the server keeps its first time and no longer changes (§7.1.2)', async () => {
      const { store, account } = world;
      expect((await store.revokeAccount(account.id, NOW))?.revokedAt).toBe(NOW);
      expect((await store.revokeAccount(account.id, NOW + 1))?.revokedAt).toBe(NOW);
      expect(await store.updateAccount(account.id, { contact: [] })).toBeNull();
      expect(await store.revokeAccount('none', NOW)).toBeNull();
    });

    test('pages contain every account once, newest first, with its last use', async () => {
      const { store, account } = world;
      const others = [anAccount(), anAccount(), anAccount()];
      for (const each of others) await store.createAccount(each);
      await store.noteAccountUses([
        { id: account.id, at: NOW, from: '192.0.2.1' },
        { id: 'none', at: NOW, from: '192.0.2.1' },
      ]);
      await store.noteAccountUses([{ id: account.id, at: NOW - 1, from: '192.0.2.2' }]);
      const ids: string[] = [];
      for (let after: string | null = null; ; ) {
        const page: Awaited<ReturnType<typeof store.listAccounts>> = await store.listAccounts({
          after,
          limit: 2,
        });
        ids.push(...page.map((each) => each.account.id));
        if (page.length < 2) break;
        after = page.at(-1)?.account.id ?? null;
      }
      expect(ids).toEqual(
        [account, ...others]
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
      expect(await store.getAccountAndUse(account.id)).toEqual({
        account,
        usedAt: NOW,
        usedFrom: '192.0.2.1',
      });
      expect(await store.getAccountAndUse('none')).toBeNull();
      await store.noteAccountUses([]);
    });

    test('orders are counted up to a limit', async () => {
      const { store, account } = world;
      const { order } = await world.order();
      await world.order();
      expect(await store.countOrders(account.id, 10)).toEqual({ orders: 2, unfinished: false });
      expect((await store.countOrders(account.id, 1)).orders).toBe(1);
      await store.beginFinalize(order.id, new Uint8Array([1]), NOW);
      expect(await store.countOrders(account.id, 10)).toEqual({ orders: 2, unfinished: true });
      expect(await store.countOrders('none', 10)).toEqual({ orders: 0, unfinished: false });
    });
  });

  describe('holds', () => {
    test('a hold ends or gets another reason, and any other revocation stays', async () => {
      const { store } = world;
      const { order } = await world.order();
      const certificate = aCertificate(order);
      await store.recordIssuance(order.id, certificate);
      const facts = async () => {
        const found = await store.findCertificateBySerial(certificate.serial);
        return [found?.revokedAt, found?.revocationReason];
      };
      await store.recordRevocation(certificate.serial, NOW, 6);
      await store.clearRevocation(certificate.serial);
      expect(await facts()).toEqual([null, null]);
      await store.recordRevocation(certificate.serial, NOW + 1, 6);
      await store.recordRevocation(certificate.serial, NOW + 2, 1);
      expect(await facts()).toEqual([NOW + 1, 1]);
      await store.clearRevocation(certificate.serial);
      await store.recordRevocation(certificate.serial, NOW + 3, 6);
      expect(await facts()).toEqual([NOW + 1, 1]);
    });
  });

  describe('accounts bound to nodes', () => {
    test('a node with patterns and a key is returned with every fact, by its id and its key', async () => {
      const made = await node({ patterns: ['*.a.lan', '10.0.0.0/8'], challengesWaived: true });
      expect(await world.store.getNode(made.cn)).toEqual(made);
      expect(await world.store.getNodeById(made.id)).toEqual(made);
      expect(await world.store.findNodeByKey(made.key.id)).toEqual(made);
      expect(await world.store.findNodeByKey('none')).toBeNull();
    });

    test('the key binds accounts while it belongs to the node and has not expired, and its first use is recorded', async () => {
      const { store } = world;
      const made = await node({}, { expiresAt: NOW + 10 });
      const account = bound(made, { createdAt: NOW });
      expect(await store.createAccount(account)).toEqual({ account, created: true });
      expect(await store.createAccount(account)).toEqual({ account, created: false });
      expect((await store.getNode(made.cn))?.key?.usedAt).toBe(NOW);
      expect((await store.createAccount(bound(made, { createdAt: NOW + 9 }))).created).toBe(true);
      const conflict = { code: 'STORE_CONFLICT' };
      await expect(store.createAccount(bound(made, { createdAt: NOW + 10 }))).rejects.toMatchObject(conflict);
      const otherKey = bound(made, { createdAt: NOW, externalAccount: { kid: 'none', jws: {} } });
      await expect(store.createAccount(otherKey)).rejects.toMatchObject(conflict);
      expect(await store.getAccount(otherKey.id)).toBeNull();
    });

    test('a single-use key binds one of many concurrent accounts', async () => {
      const made = await node({}, { once: true });
      const results = await Promise.allSettled(
        Array.from({ length: 5 }, () => world.store.createAccount(bound(made, { createdAt: NOW }))),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('a certificate that a bound account ordered belongs to the node', async () => {
      const { store } = world;
      const made = await node();
      const account = bound(made);
      await store.createAccount(account);
      const order = anOrder(account);
      await store.createOrder(order, []);
      await store.beginFinalize(order.id, new Uint8Array([1]), NOW);
      expect((await store.findNodeIssuances(made.id, NOW)).unfinished).toBe(true);
      const certificate = aCertificate(order);
      await store.recordIssuance(order.id, certificate);
      expect(await store.findNodeIssuances(made.id, NOW)).toEqual({
        serials: [certificate.serial],
        unfinished: false,
      });
      expect(await store.listNodeSerials(made.id, 10)).toEqual([certificate.serial]);
      expect(
        (await store.listAccounts({ after: null, limit: 10, nodeId: made.id })).map((each) => each.account),
      ).toEqual([account]);
    });

    test('removing or registering a node again ends its accounts, which stay linked to the name', async () => {
      const { store } = world;
      const made = await node();
      const account = bound(made);
      await store.createAccount(account);
      const anew = { ...aNode(), cn: made.cn, registeredAt: NOW + 5 };
      expect(await store.replaceNode(anew)).toBe(true);
      expect(await store.getAccount(account.id)).toMatchObject({ revokedAt: NOW + 5, nodeId: anew.id });
      const other = await node();
      const second = bound(other);
      await store.createAccount(second);
      await store.beginNodeRemoval(other.cn, NOW + 7);
      expect((await store.getAccount(second.id))?.revokedAt).toBe(NOW + 7);
      await expect(store.createAccount(bound(other))).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect(await store.findNodeByKey(other.key.id)).toBeNull();
    });

    test('changing a node changes its permitted names and ends its proofs', async () => {
      const { store } = world;
      const made = await node();
      const { authorization: proof } = await world.order({}, { provenBy: made.id, challenges: [] });
      const wanted = { ...made, names: [], patterns: ['*.x.lan'], profile: 'server', key: null };
      expect(await store.changeNode(wanted, NOW)).toEqual(wanted);
      expect((await store.getAuthorization(proof.id))?.revokedAt).toBe(NOW);
      await store.beginNodeRemoval(made.cn, NOW);
      expect(await store.changeNode(made, NOW)).toBeNull();
      expect(await store.changeNode(aNode(), NOW)).toBeNull();
    });
  });

  describe('failures', () => {
    const failure = (index: number, name = 'a.lan', accountId: string | null = null) => ({
      id: (NOW + index).toString(16).padStart(12, '0').padEnd(32, '0'),
      at: NOW + index,
      name,
      step: 'http-01',
      accountId,
      why: `no ${index}`,
    });

    test('the last failures of each name are stored, and listed newest first, by name and by account', async () => {
      const { store } = world;
      await atOnce(7, (index) => store.recordFailure(failure(index), 5));
      await store.recordFailure(failure(20, 'b.lan', 'acc'), 5);
      await store.recordFailure(failure(20, 'b.lan', 'acc'), 5);
      const whys = async (page: { name?: string; accountId?: string; after?: string }) =>
        (await store.listFailures({ after: null, limit: 10, ...page })).map(({ why }) => why);
      expect(await whys({ name: 'a.lan' })).toEqual(['no 6', 'no 5', 'no 4', 'no 3', 'no 2']);
      expect(await whys({ accountId: 'acc' })).toEqual(['no 20']);
      expect(await whys({ after: failure(4).id })).toEqual(['no 3', 'no 2']);
      expect((await store.listFailures({ after: null, limit: 1 }))[0]).toEqual(failure(20, 'b.lan', 'acc'));
    });

    test('old failures are deleted, and those beyond the limit', async () => {
      const { store } = world;
      await atOnce(5, (index) => store.recordFailure(failure(index, `n${index}`), 5));
      await store.purgeFailures(NOW + 1, 3);
      const kept = await store.listFailures({ after: null, limit: 10 });
      expect(kept.map(({ why }) => why)).toEqual(['no 4', 'no 3', 'no 2']);
      await store.purgeFailures(NOW + HOUR, 3);
      expect(await store.listFailures({ after: null, limit: 10 })).toEqual([]);
    });
  });
}
