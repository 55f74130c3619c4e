import { describe, expect, test } from 'vitest';
import { anAccount, atOnce, NOW } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

export function accountsContract(world: World): void {
  describe('accounts (RFC 8555 §7.3)', () => {
    test('an account is found by id and by key, with every stored fact', async () => {
      const { store } = world;
      const account = anAccount({ externalAccount: { kid: 'k1', jws: { protected: 'a' } } });
      expect(await store.createAccount(account)).toEqual({ account, created: true });
      expect(await store.getAccount(account.id)).toEqual(account);
      expect(await store.findAccountByThumbprint(account.thumbprint)).toEqual(account);
      expect(await store.getAccount('none')).toBeNull();
      expect(await store.findAccountByThumbprint('none')).toBeNull();
    });

    test('concurrent requests for one key create one account, and all get it (§7.3)', async () => {
      const { store } = world;
      const results = await atOnce(8, () => store.createAccount(anAccount({ thumbprint: 'same' })));
      const winner = results.find(({ created }) => created);
      expect(results.filter(({ created }) => created)).toHaveLength(1);
      expect(results.every(({ account }) => account.id === winner?.account.id)).toBe(true);
    });

    test('contact and terms change independently (§7.3.2)', async () => {
      const { store, account } = world;
      expect((await store.updateAccount(account.id, { contact: [] }))?.contact).toEqual([]);
      expect(await store.updateAccount(account.id, { termsAgreedAt: NOW + 1 })).toEqual({
        ...account,
        contact: [],
        termsAgreedAt: NOW + 1,
      });
      expect(await store.getAccount(account.id)).toMatchObject({ contact: [], termsAgreedAt: NOW + 1 });
      expect(await store.updateAccount('none', { contact: [] })).toBeNull();
    });

    test('a deactivated account keeps its first time and accepts no update or key (§7.3.6)', async () => {
      const { store, account } = world;
      expect((await store.deactivateAccount(account.id, NOW))?.deactivatedAt).toBe(NOW);
      expect((await store.deactivateAccount(account.id, NOW + 1))?.deactivatedAt).toBe(NOW);
      expect(await store.updateAccount(account.id, { contact: [] })).toBeNull();
      const next = { jwk: account.jwk, thumbprint: 'next' };
      expect(await store.changeAccountKey(account.id, account.thumbprint, next)).toEqual({
        changed: false,
        conflict: null,
      });
      expect(await store.deactivateAccount('none', NOW)).toBeNull();
    });

    test('after a key change the old key no longer finds the account (§7.3.5)', async () => {
      const { store, account } = world;
      const next = { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'n' }, thumbprint: 'next' };
      expect(await store.changeAccountKey(account.id, account.thumbprint, next)).toEqual({
        changed: true,
        conflict: null,
      });
      expect(await store.findAccountByThumbprint(account.thumbprint)).toBeNull();
      expect(await store.findAccountByThumbprint('next')).toEqual({ ...account, ...next });
    });

    test('a key of another account is a conflict that names that account (§7.3.5)', async () => {
      const { store, account } = world;
      const other = anAccount();
      await store.createAccount(other);
      const next = { jwk: other.jwk, thumbprint: other.thumbprint };
      expect(await store.changeAccountKey(account.id, account.thumbprint, next)).toEqual({
        changed: false,
        conflict: other.id,
      });
      expect(await store.getAccount(account.id)).toEqual(account);
    });

    test('one of two concurrent key changes from one old key succeeds (§7.3.5)', async () => {
      const { store, account } = world;
      const results = await atOnce(2, (index) =>
        store.changeAccountKey(account.id, account.thumbprint, {
          jwk: account.jwk,
          thumbprint: `next${index}`,
        }),
      );
      expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    });
  });
}
