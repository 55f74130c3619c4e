import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/model/facts.js';
import { anAccount, anAuthorization, anOrder, atOnce, HOUR, NOW, PROBLEM } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

const LEASE = NOW + 30_000;

export function validationsContract(world: World): void {
  const challenge = async (id: string, type: string) =>
    (await world.store.getAuthorization(id))?.challenges.find((each) => each.type === type);

  describe('the queue of answered challenges (RFC 8555 §7.5.1, §8.2)', () => {
    test('one of many concurrent answers to a challenge is stored (§7.5.1)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const results = await atOnce(8, (index) =>
        store.answerChallenge(authorization.id, 'http-01', NOW + index, LEASE),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect((await challenge(authorization.id, 'http-01'))?.answeredAt).toBe(NOW + results.indexOf(true));
      expect((await challenge(authorization.id, 'dns-01'))?.answeredAt).toBeNull();
      expect(await store.answerChallenge('none', 'http-01', NOW, LEASE)).toBe(false);
    });

    test('an answered challenge is claimed when its lease ends, by one of many concurrent claims', async () => {
      const { store, account } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE);
      expect(await store.claimValidations(LEASE - 1, LEASE, 10)).toEqual([]);
      const claims = (await atOnce(4, () => store.claimValidations(LEASE, LEASE + 30_000, 10))).flat();
      expect(claims).toEqual([
        {
          authorization: await store.getAuthorization(authorization.id),
          type: 'http-01',
          attempts: 0,
          thumbprint: account.thumbprint,
        },
      ]);
      expect(await store.claimValidations(LEASE + 30_000, LEASE + 60_000, 10)).toHaveLength(1);
    });

    test('a validation deferred by a clock a year ahead is due once the clock is right', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE + 365 * 24 * HOUR);
      const claimed = await store.claimValidations(NOW, LEASE, 10);
      expect(claimed.map((each) => each.authorization.id)).toEqual([authorization.id]);
      expect(await store.claimValidations(NOW, LEASE, 10)).toEqual([]);
    });

    test('claims return the longest due items first, and no more than requested', async () => {
      const { store } = world;
      const ids: string[] = [];
      for (const due of [NOW, NOW - 2, NOW - 1]) {
        const { authorization } = await world.order();
        await store.answerChallenge(authorization.id, 'dns-01', NOW, due);
        ids.push(authorization.id);
      }
      const claimed = await store.claimValidations(NOW, LEASE, 2);
      expect(claimed.map(({ authorization }) => authorization.id)).toEqual([ids[1], ids[2]]);
    });

    test('claims alternate between accounts, so that one with many due items does not delay one with few', async () => {
      const { store, account } = world;
      const few = anAccount();
      await store.createAccount(few);
      const due = async (owner: Account, at: number) => {
        const id = anOrder(owner).id;
        const authorization = anAuthorization(owner, { orderId: id });
        await store.createOrder(anOrder(owner, { id, authorizationIds: [authorization.id] }), [
          authorization,
        ]);
        await store.answerChallenge(authorization.id, 'dns-01', NOW, at);
        return authorization.id;
      };
      const many: string[] = [];
      for (let index = 0; index < 6; index += 1) many.push(await due(account, NOW - 100 + index));
      const others = [await due(few, NOW - 1), await due(few, NOW)];
      const claim = async (limit: number, perAccount?: number) =>
        (await store.claimValidations(NOW, LEASE, limit, perAccount)).map(
          ({ authorization }) => authorization.id,
        );
      expect(await claim(3)).toEqual([many[0], others[0], many[1]]);
      expect(await claim(10, 2)).toEqual([many[2], others[1], many[3]]);
      expect(await claim(10, 1)).toEqual([many[4]]);
      expect(await claim(10)).toEqual([many[5]]);
      expect(await claim(10)).toEqual([]);
    });

    test('a claim has the thumbprint of the account’s current key (§7.3.5)', async () => {
      const { store, account } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, NOW);
      await store.changeAccountKey(account.id, account.thumbprint, { jwk: account.jwk, thumbprint: 'next' });
      expect(await store.claimValidations(NOW, LEASE, 1)).toMatchObject([{ thumbprint: 'next' }]);
    });

    test('a failed attempt is stored in the challenge, counted, and repeated at its time (§8.2)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE);
      await store.recordAttempt(authorization.id, 'http-01', PROBLEM, NOW + 5_000);
      expect(await challenge(authorization.id, 'http-01')).toMatchObject({ error: PROBLEM, failedAt: null });
      expect(await store.claimValidations(NOW + 4_999, LEASE, 10)).toEqual([]);
      expect(await store.claimValidations(NOW + 5_000, LEASE, 10)).toMatchObject([{ attempts: 1 }]);
    });

    test('success validates the challenge, clears its error and sets the expiry', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE);
      await store.recordAttempt(authorization.id, 'http-01', PROBLEM, NOW);
      const success = { at: NOW + 1, error: null, expiresAt: NOW + 5 * HOUR };
      const completed = await store.completeValidation(authorization.id, 'http-01', success);
      expect(completed).toEqual(await store.getAuthorization(authorization.id));
      expect(completed?.expiresAt).toBe(NOW + 5 * HOUR);
      expect(await challenge(authorization.id, 'http-01')).toMatchObject({
        validatedAt: NOW + 1,
        failedAt: null,
        error: null,
      });
      expect(await store.claimValidations(LEASE, LEASE, 10)).toEqual([]);
    });

    test('an answer may be stored together with its outcome (§7.5.1)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const success = { answeredAt: NOW - 1, at: NOW, error: null, expiresAt: NOW + HOUR };
      const completed = await store.completeValidation(authorization.id, 'http-01', success);
      expect(completed).toEqual(await store.getAuthorization(authorization.id));
      expect(completed?.expiresAt).toBe(NOW + HOUR);
      expect(await challenge(authorization.id, 'http-01')).toMatchObject({
        answeredAt: NOW - 1,
        validatedAt: NOW,
      });
      expect(await challenge(authorization.id, 'dns-01')).toMatchObject({ answeredAt: null });
      expect(await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE)).toBe(false);
      expect(await store.claimValidations(LEASE, LEASE, 10)).toEqual([]);
    });

    test('an earlier answer keeps its time, and without an answer there is no outcome', async () => {
      const { store } = world;
      const [first, second] = [await world.order(), await world.order()];
      await store.answerChallenge(first.authorization.id, 'http-01', NOW - 5, LEASE);
      const success = { at: NOW, error: null, expiresAt: NOW + HOUR };
      await store.completeValidation(first.authorization.id, 'http-01', { ...success, answeredAt: NOW });
      expect(await challenge(first.authorization.id, 'http-01')).toMatchObject({ answeredAt: NOW - 5 });
      expect(await store.completeValidation(second.authorization.id, 'http-01', success)).toBeNull();
      expect(await challenge(second.authorization.id, 'http-01')).toMatchObject({ validatedAt: null });
    });

    test('success after the authorization expired does not revive it (§7.1.6)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const { id, accountId, identifier, expiresAt } = authorization;
      await store.answerChallenge(id, 'http-01', NOW, LEASE);
      const success = { at: expiresAt, error: null, expiresAt: expiresAt + HOUR };
      expect((await store.completeValidation(id, 'http-01', success))?.expiresAt).toBe(expiresAt);
      expect(await store.findValidAuthorizations(accountId, [identifier], expiresAt)).toEqual([]);
      expect(await store.claimValidations(expiresAt, expiresAt, 10)).toEqual([]);
    });

    test('failure ends the challenge with its problem and does not change the expiry', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, LEASE);
      const failure = { at: NOW + 1, error: PROBLEM, expiresAt: NOW + 5 * HOUR };
      const completed = await store.completeValidation(authorization.id, 'http-01', failure);
      expect(completed?.expiresAt).toBe(authorization.expiresAt);
      expect(await challenge(authorization.id, 'http-01')).toMatchObject({
        validatedAt: null,
        failedAt: NOW + 1,
        error: PROBLEM,
      });
    });

    test('the first outcome decides, and later ones change nothing (§7.1.6)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const { id } = authorization;
      for (const type of ['http-01', 'dns-01'] as const) await store.answerChallenge(id, type, NOW, LEASE);
      const failure = { at: NOW, error: PROBLEM, expiresAt: NOW };
      const success = { at: NOW, error: null, expiresAt: NOW + HOUR };
      const results = await Promise.all([
        store.completeValidation(id, 'http-01', failure),
        store.completeValidation(id, 'dns-01', success),
        store.completeValidation(id, 'http-01', success),
      ]);
      expect(results.filter((result) => result !== null)).toHaveLength(1);
      const decided = await store.getAuthorization(id);
      await store.recordAttempt(id, 'dns-01', PROBLEM, NOW);
      expect(await store.getAuthorization(id)).toEqual(decided);
      expect(await store.answerChallenge(id, 'tls-alpn-01', NOW, NOW)).toBe(false);
      expect(await store.claimValidations(LEASE, LEASE, 10)).toEqual([]);
    });

    test('an unanswered challenge cannot be completed', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const success = { at: NOW, error: null, expiresAt: NOW + HOUR };
      expect(await store.completeValidation(authorization.id, 'http-01', success)).toBeNull();
      expect(await store.getAuthorization(authorization.id)).toEqual(authorization);
    });
  });
}
