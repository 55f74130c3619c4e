import { describe, expect, test } from 'vitest';
import type { Identifier } from '../../../src/model/facts.js';
import { anAccount, anAuthorization, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

const dns = (value: string): Identifier => ({ type: 'dns', value });

export function authorizationsContract(world: World): void {
  const validate = async (id: string, expiresAt = NOW + 2 * HOUR) => {
    await world.store.answerChallenge(id, 'dns-01', NOW, NOW);
    await world.store.completeValidation(id, 'dns-01', { at: NOW, error: null, expiresAt });
  };

  describe('authorizations (RFC 8555 §7.5)', () => {
    test('an authorization is returned with every fact', async () => {
      const { store, account } = world;
      for (const authorization of [
        anAuthorization(account),
        anAuthorization(account, { wildcard: true, identifier: dns('example.com'), orderId: 'o' }),
        anAuthorization(account, { identifier: { type: 'ip', value: '2001:db8::1' } }),
      ]) {
        await store.createAuthorization(authorization);
        expect(await store.getAuthorization(authorization.id)).toEqual(authorization);
      }
      expect(await store.getAuthorization('none')).toBeNull();
    });

    test('only an authorization that is validated, not ended and not expired is found as valid', async () => {
      const { store, account } = world;
      const name = dns('www.example.com');
      const valid = anAuthorization(account);
      const expired = anAuthorization(account);
      const deactivated = anAuthorization(account);
      const pending = anAuthorization(account);
      for (const each of [valid, expired, deactivated, pending]) await store.createAuthorization(each);
      await validate(valid.id);
      await validate(expired.id, NOW);
      await validate(deactivated.id);
      await store.deactivateAuthorization(deactivated.id, NOW);
      const found = await store.findValidAuthorizations(account.id, [name, dns('other.example.com')], NOW);
      expect(found.map(({ id }) => id)).toEqual([valid.id]);
      expect(found[0]?.expiresAt).toBe(NOW + 2 * HOUR);
    });

    test('a wildcard name is proved only by wildcard authorizations, a plain name only by plain ones (§7.1.4)', async () => {
      const { store, account } = world;
      const plain = anAuthorization(account, { identifier: dns('example.com') });
      const wildcard = anAuthorization(account, { identifier: dns('example.com'), wildcard: true });
      for (const each of [plain, wildcard]) {
        await store.createAuthorization(each);
        await validate(each.id);
      }
      const ids = async (...names: string[]) =>
        (await store.findValidAuthorizations(account.id, names.map(dns), NOW)).map(({ id }) => id);
      expect(await ids('*.example.com')).toEqual([wildcard.id]);
      expect(await ids('example.com')).toEqual([plain.id]);
      expect(await ids('example.com', '*.example.com')).toEqual([plain.id, wildcard.id]);
    });

    test('an authorization proves nothing for another account, nor for an identifier of another type', async () => {
      const { store, account } = world;
      const other = anAccount();
      await store.createAccount(other);
      const authorization = anAuthorization(account, { identifier: { type: 'ip', value: '192.0.2.1' } });
      await store.createAuthorization(authorization);
      await validate(authorization.id);
      const ip: Identifier = { type: 'ip', value: '192.0.2.1' };
      expect(await store.findValidAuthorizations(account.id, [ip], NOW)).toHaveLength(1);
      expect(await store.findValidAuthorizations(account.id, [dns('192.0.2.1')], NOW)).toEqual([]);
      expect(await store.findValidAuthorizations(other.id, [ip], NOW)).toEqual([]);
    });

    test('deactivating an authorization keeps the first time and ends running validations (§7.5.2)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      await store.answerChallenge(authorization.id, 'http-01', NOW, NOW);
      expect((await store.deactivateAuthorization(authorization.id, NOW))?.deactivatedAt).toBe(NOW);
      expect((await store.deactivateAuthorization(authorization.id, NOW + 1))?.deactivatedAt).toBe(NOW);
      expect(await store.claimValidations(NOW, NOW, 10)).toEqual([]);
      const success = { at: NOW, error: null, expiresAt: NOW + HOUR };
      expect(await store.completeValidation(authorization.id, 'http-01', success)).toBeNull();
      expect(await store.answerChallenge(authorization.id, 'dns-01', NOW, NOW)).toBe(false);
      expect(await store.deactivateAuthorization('none', NOW)).toBeNull();
    });

    test('a token finds its authorization only while that is open, answered or not (§8.3)', async () => {
      const { store } = world;
      const { authorization } = await world.order();
      const token = authorization.challenges[0]?.token ?? '';
      expect((await store.findAuthorizationByToken(token))?.id).toBe(authorization.id);
      await store.answerChallenge(authorization.id, 'http-01', NOW, NOW);
      expect((await store.findAuthorizationByToken(token))?.id).toBe(authorization.id);
      const success = { at: NOW, error: null, expiresAt: NOW + HOUR };
      await store.completeValidation(authorization.id, 'http-01', success);
      expect(await store.findAuthorizationByToken(token)).toBeNull();
      expect(await store.findAuthorizationByToken('')).toBeNull();
    });
  });
}
