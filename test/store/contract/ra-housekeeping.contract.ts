import { describe, expect, test } from 'vitest';
import { aCertificate, anAccount, anAuthorization, anOrder, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

export function housekeepingContract(world: World): void {
  describe('housekeeping', () => {
    test('a purge removes only expired orders without certificate, and their authorizations', async () => {
      const { store, account } = world;
      const past = { expiresAt: NOW - 1 };
      const gone = await world.order(past, past);
      const fresh = await world.order();
      const issued = await world.order(past, past);
      await store.recordIssuance(issued.order.id, aCertificate(issued.order));
      const processing = await world.order(past, past);
      await store.beginFinalize(processing.order.id, new Uint8Array([1]), NOW + HOUR);
      const preauthorized = anAuthorization(account);
      await store.createAuthorization(preauthorized);
      const user = await world.order({ ...past, authorizationIds: [preauthorized.id] });

      expect(await store.purgeExpired(NOW, 100)).toBe(3);
      expect(await store.getOrder(gone.order.id)).toBeNull();
      expect(await store.getAuthorization(gone.authorization.id)).toBeNull();
      expect(await store.getOrder(user.order.id)).toBeNull();
      expect(await store.getAuthorization(preauthorized.id)).toEqual(preauthorized);
      for (const { order, authorization } of [fresh, issued, processing]) {
        expect((await store.getOrder(order.id))?.authorizations).toMatchObject([{ id: authorization.id }]);
      }
      expect(await store.purgeExpired(NOW, 100)).toBe(0);
    });

    test('only accounts that never got a certificate and have no orders left are removed', async () => {
      const { store } = world;
      const accounts = {
        idle: anAccount({ createdAt: NOW - HOUR }),
        young: anAccount({ createdAt: NOW }),
        ordering: anAccount({ createdAt: NOW - HOUR }),
        proving: anAccount({ createdAt: NOW - HOUR }),
        certified: anAccount({ createdAt: NOW - HOUR }),
      };
      for (const each of Object.values(accounts)) await store.createAccount(each);
      const { idle, young, ordering, proving, certified } = accounts;
      await store.createOrder(anOrder(ordering), []);
      await store.createAuthorization(anAuthorization(proving));
      const order = anOrder(certified, { expiresAt: NOW - 2 * HOUR });
      await store.createOrder(order, []);
      await store.recordIssuance(order.id, aCertificate(order));
      expect(await store.purgeFinished(NOW - HOUR, 100)).toBe(1);

      const own = Object.values(accounts).map(({ id }) => id);
      const purged = await store.purgeAccounts(NOW, 100);
      expect(purged.filter((id) => own.includes(id))).toEqual([idle.id]);
      expect(await store.getAccount(idle.id)).toBeNull();
      for (const each of [young, ordering, proving, certified]) {
        expect(await store.getAccount(each.id)).toEqual(each);
      }
      expect(await store.purgeAccounts(NOW, 100)).toEqual([]);
    });

    test('certificates are removed once they expired and their order is gone, and then no longer count for their account', async () => {
      const { store } = world;
      const [one, two] = [anAccount({ createdAt: NOW - 3 * HOUR }), anAccount({ createdAt: NOW - 3 * HOUR })];
      const issue = async (account: typeof one, notAfter: number) => {
        await store.createAccount(account);
        const order = anOrder(account, { expiresAt: NOW - 2 * HOUR });
        await store.createOrder(order, []);
        const certificate = { ...aCertificate(order), notAfter };
        await store.recordIssuance(order.id, certificate);
        return certificate;
      };
      const ended = await issue(one, NOW - HOUR);
      const [alsoEnded, good] = [await issue(two, NOW - HOUR), await issue(two, NOW + HOUR)];
      expect(await store.purgeCertificates(NOW, 100)).toBe(0);
      await store.purgeFinished(NOW - HOUR, 100);
      expect(await store.countPurgeable({ ended: NOW, expired: NOW, unused: NOW })).toMatchObject({
        certificates: 2,
        orders: 0,
      });
      expect(await store.purgeCertificates(NOW, 1)).toBe(1);
      expect(await store.purgeCertificates(NOW, 100)).toBe(1);
      expect(await store.purgeCertificates(NOW, 100)).toBe(0);
      expect(await store.findCertificateBySerial(ended.serial)).toBeNull();
      expect(await store.findCertificateBySerial(alsoEnded.serial)).toBeNull();
      expect(await store.findCertificateBySerial(good.serial)).toEqual(good);
      const own = (ids: string[]) => ids.filter((id) => id === one.id || id === two.id);
      expect(own(await store.purgeAccounts(NOW - HOUR, 100))).toEqual([]);
      expect(own(await store.purgeAccounts(NOW, 100))).toEqual([one.id]);
      expect(await store.getAccount(two.id)).toEqual(two);
    });

    test('an account that the operator stopped is never removed, so its key makes no new account', async () => {
      const { store } = world;
      const ended = anAccount({ createdAt: NOW - HOUR });
      await store.createAccount(ended);
      await store.revokeAccount(ended.id, NOW);
      expect(await store.purgeAccounts(NOW, 100)).not.toContain(ended.id);
      expect((await store.createAccount({ ...anAccount(), thumbprint: ended.thumbprint })).created).toBe(
        false,
      );
    });

    test('a purge examines no more accounts than requested, and accounts in use do not block it', async () => {
      const { store } = world;
      for (let each = 0; each < 3; each += 1) {
        const busy = anAccount({ createdAt: NOW - 3 * HOUR });
        await store.createAccount(busy);
        await store.createOrder(anOrder(busy), []);
      }
      const idle = anAccount({ createdAt: NOW - 2 * HOUR });
      await store.createAccount(idle);
      const first = await store.purgeAccounts(NOW - HOUR, 3);
      const second = await store.purgeAccounts(NOW - HOUR, 3);
      expect([...first, ...second]).toEqual([idle.id]);
    });

    test('finished orders are removed once they and their authorizations expired, and their certificates stay', async () => {
      const { store } = world;
      const past = { expiresAt: NOW - 1 };
      const done = await world.order(past, past);
      const stillProving = await world.order(past, { expiresAt: NOW });
      const stillRead = await world.order({ expiresAt: NOW }, past);
      const certificates = [];
      for (const { order } of [done, stillProving, stillRead]) {
        certificates.push(aCertificate(order));
        await store.recordIssuance(order.id, certificates.at(-1) as ReturnType<typeof aCertificate>);
      }
      const unfinished = await world.order(past, past);
      const processing = await world.order(past, past);
      await store.beginFinalize(processing.order.id, new Uint8Array([1]), NOW + HOUR);

      expect(await store.purgeFinished(NOW, 100)).toBe(2);
      expect(await store.getOrder(done.order.id)).toBeNull();
      expect(await store.getAuthorization(done.authorization.id)).toBeNull();
      for (const { order } of [stillProving, stillRead, unfinished, processing]) {
        expect((await store.getOrder(order.id))?.authorizations).toHaveLength(1);
      }
      for (const each of certificates) expect(await store.findCertificateBySerial(each.serial)).toEqual(each);
      expect(await store.purgeFinished(NOW, 100)).toBe(0);
    });

    test('a finished order proven by a node stays while its certificate is good, so that the node’s removal finds it', async () => {
      const { store } = world;
      const past = { expiresAt: NOW - 1 };
      const { order } = await world.order(past, { ...past, provenBy: 'a node' });
      const certificate = aCertificate(order);
      await store.recordIssuance(order.id, certificate);
      expect(certificate.notAfter).toBeGreaterThan(NOW);
      expect(await store.purgeFinished(NOW, 100)).toBe(0);
      expect(await store.purgeFinished(certificate.notAfter + 1, 100)).toBe(2);
    });

    test('a purge of finished orders examines only the oldest, and leaves pre-authorizations to their own expiry', async () => {
      const { store, account } = world;
      const past = { expiresAt: NOW - 1 };
      const preauthorized = anAuthorization(account);
      await store.createAuthorization(preauthorized);
      const first = await world.order({ ...past, authorizationIds: [preauthorized.id] });
      const second = await world.order(past, past);
      for (const { order } of [first, second]) await store.recordIssuance(order.id, aCertificate(order));
      await store.purgeFinished(NOW, 1);
      expect(await store.getOrder(first.order.id)).toBeNull();
      expect(await store.getOrder(second.order.id)).not.toBeNull();
      expect(await store.getAuthorization(preauthorized.id)).toEqual(preauthorized);
    });

    test('expired pre-authorizations are removed with their open validations', async () => {
      const { store, account } = world;
      const old = anAuthorization(account, { expiresAt: NOW - 1 });
      await store.createAuthorization(old);
      await store.answerChallenge(old.id, 'http-01', NOW - 2, NOW - 2);
      expect(await store.purgeExpired(NOW, 100)).toBe(1);
      expect(await store.getAuthorization(old.id)).toBeNull();
      expect(await store.claimValidations(NOW, NOW, 10)).toEqual([]);
    });

    test('a purge removes no more orders than its limit', async () => {
      const { store } = world;
      const past = { expiresAt: NOW - 1 };
      for (let count = 0; count < 5; count += 1) await world.order(past, past);
      const steps = [];
      for (let count = 0; count < 4; count += 1) steps.push(await store.purgeExpired(NOW, 2));
      expect(steps).toEqual([4, 4, 2, 0]);
    });

    test('purging an order that replaced a certificate frees the certificate (RFC 9773 §5)', async () => {
      const { store } = world;
      const { order } = await world.order();
      const certificate = aCertificate(order);
      await store.recordIssuance(order.id, certificate);
      await world.order({ replaces: certificate.ariId, expiresAt: NOW - 1 });
      await store.purgeExpired(NOW, 10);
      expect((await store.getCertificate(certificate.id))?.replacedBy).toBeNull();
    });

    test('a setting has the value stored last', async () => {
      const { store } = world;
      expect(await store.getSetting('issuer')).toBeNull();
      await store.putSetting('issuer', 'a');
      await store.putSetting('issuer', 'é"\n');
      expect(await store.getSetting('issuer')).toBe('é"\n');
    });

    test('concurrent counts all get different numbers', async () => {
      const { store } = world;
      const counts = await Promise.all([1, 2, 3, 4, 5].map((at) => store.countSetting('seen', { at })));
      expect(counts.sort()).toEqual([1, 2, 3, 4, 5]);
    });

    test('one of many concurrent replacements of a setting succeeds, and none with an outdated value', async () => {
      const { store } = world;
      const replaced = (before: string | null) =>
        Promise.all(['a', 'b', 'c', 'd'].map((value) => store.replaceSetting('rule', before, value)));
      expect((await replaced(null)).filter(Boolean)).toHaveLength(1);
      const first = await store.getSetting('rule');
      expect(await store.replaceSetting('rule', null, 'x')).toBe(false);
      expect(await store.replaceSetting('rule', `${first}?`, 'x')).toBe(false);
      expect(await store.replaceSetting('nothing', 'x', 'y')).toBe(false);
      expect([await store.getSetting('rule'), await store.getSetting('nothing')]).toEqual([first, null]);
      expect(await store.replaceSetting('rule', first, 'next')).toBe(true);
      expect(await store.getSetting('rule')).toBe('next');
    });

    test('only settings whose names have the prefix are listed', async () => {
      const { store } = world;
      for (const name of ['base b', 'base a', 'bas', 'base', 'basf', 'base é', 'base %_']) {
        await store.putSetting(name, 'x');
      }
      expect(await store.listSettings('base ')).toEqual(['base %_', 'base a', 'base b', 'base é']);
      expect(await store.listSettings('nobody ')).toEqual([]);
    });

    test('a text with U+0000 matches no truncated value, and is refused, not truncated', async () => {
      const { store, account } = world;
      expect(await store.getAccount(`${account.id}\0x`)).toBeNull();
      expect(await store.findAccountByThumbprint(`${account.thumbprint}\0`)).toBeNull();
      await expect(store.putSetting('a', 'b\0c')).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect(await store.getSetting('a')).toBeNull();
    });

    test('ping resolves while writes succeed, and after close every call rejects', async () => {
      const { store } = world;
      await store.ping();
      const last = store.putSetting('last', 'kept');
      await store.close();
      await last;
      await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.getSetting('last')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
