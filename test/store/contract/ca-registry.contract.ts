import { describe, expect, test } from 'vitest';
import type { AdministratorRecord } from '../../../src/store/contract/ca.js';
import { atOnce, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** Who is registered with the CA. */
export function caRegistryContract(world: CaWorld): void {
  describe('nodes, administrators and channel peers', () => {
    test('nodes are stored by CN, and the last registration counts', async () => {
      const node = (cn: string, profile = 'server') => ({
        cn,
        profile,
        sans: [{ type: 'DNS', value: cn }],
        registeredAt: NOW,
      });
      for (const cn of ['c', 'a', 'b']) await world.store.putNode(node(cn));
      await world.store.putNode(node('a', 'ra'));
      expect(await world.store.getNode('a')).toEqual(node('a', 'ra'));
      expect(await world.store.getNode('none')).toBeNull();
      const first = await world.store.listNodes({ after: null, limit: 2 });
      expect(first.items.map(({ cn }) => cn)).toEqual(['a', 'b']);
      expect(await world.store.listNodes({ after: first.next, limit: 2 })).toEqual({
        items: [node('c')],
        next: null,
      });
      expect(await world.store.removeNode('b')).toBe(true);
      expect(await world.store.removeNode('b')).toBe(false);
    });

    const admin = (dn: string, changes: Partial<AdministratorRecord> = {}) => ({
      ...{ dn, role: 'admin' as const, addedAt: NOW, byName: false },
      ...changes,
    });

    test('administrators are added once, listed in that order, and removed', async () => {
      const added = await atOnce(3, () => world.store.addAdmin(admin('/CN=z')));
      expect(added.sort()).toEqual([false, false, true]);
      await world.store.addAdmin(admin('/CN=a', { role: 'auditor', byName: true }));
      expect(await world.store.listAdmins()).toEqual([
        admin('/CN=z'),
        admin('/CN=a', { role: 'auditor', byName: true }),
      ]);
      expect(await world.store.setAdminRole('/CN=a', 'operator')).toBe(true);
      expect(await world.store.setAdminRole('/CN=a', 'operator')).toBe(false);
      expect(await world.store.setAdminRole('/CN=none', 'operator')).toBe(false);
      expect((await world.store.listAdmins())[1]?.role).toBe('operator');
      expect(await world.store.removeAdmin('/CN=a')).toBe(true);
      expect(await world.store.removeAdmin('/CN=a')).toBe(false);
      expect(await world.store.listAdmins()).toEqual([admin('/CN=z')]);
    });

    test('an administrator’s entry covers the certificates assigned to it, until it is removed', async () => {
      const [first, second] = [
        await world.record({ profile: 'admin' }),
        await world.record({ profile: 'admin' }),
      ];
      await world.record({ profile: 'server' });
      expect(await world.store.addAdmin(admin('/CN=b'), undefined, first.serial)).toBe(true);
      expect(await world.store.addAdmin(admin('/CN=b', { role: 'auditor' }), undefined, second.serial)).toBe(
        false,
      );
      expect(await world.store.findAdminBySerial(first.serial)).toEqual(admin('/CN=b'));
      expect(await world.store.findAdminBySerial(second.serial)).toEqual(admin('/CN=b'));
      expect((await world.store.listAdminCertificates()).map(({ serial }) => serial)).toEqual([
        first.serial,
        second.serial,
      ]);
      await world.store.addAdmin(admin('/CN=named', { byName: true }));
      const third = await world.record({ profile: 'admin' });
      expect(await world.store.bindAdmin('/CN=named', [third.serial, first.serial])).toBe(true);
      expect(await world.store.findAdminBySerial(third.serial)).toEqual(admin('/CN=named'));
      // What is another entry's stays so.
      expect(await world.store.findAdminBySerial(first.serial)).toEqual(admin('/CN=b'));
      expect(await world.store.bindAdmin('/CN=named', [second.serial])).toBe(false);
      expect(await world.store.bindAdmin('/CN=none', [])).toBe(false);
      await world.store.removeAdmin('/CN=named');
      await world.store.removeAdmin('/CN=b');
      await world.store.addAdmin(admin('/CN=b'));
      expect(await world.store.findAdminBySerial(first.serial)).toBeNull();
      expect(await world.store.findAdminBySerial('00')).toBeNull();
    });

    test('a channel key is admitted, blocked, and admitted again', async () => {
      const peer = {
        publicKey: 'k'.repeat(40),
        role: 'ra' as const,
        cn: 'ra1',
        addedAt: NOW,
        serial: null,
      };
      expect(await world.store.findPeer(peer.publicKey)).toBeNull();
      await world.store.admitPeer(peer);
      expect(await world.store.findPeer(peer.publicKey)).toEqual({ ...peer, revokedAt: null });
      expect(await world.store.revokePeer(peer.publicKey, NOW + 1)).toBe(true);
      expect(await world.store.revokePeer(peer.publicKey, NOW + 2)).toBe(false);
      expect(await world.store.findPeer(peer.publicKey)).toEqual({ ...peer, revokedAt: NOW + 1 });
      await world.store.admitPeer({ ...peer, role: 'admin' });
      expect(await world.store.listPeers()).toEqual([{ ...peer, role: 'admin', revokedAt: null }]);
      expect(await world.store.revokePeer('none', NOW)).toBe(false);
    });

    test('a channel key is admitted by the newest certificate of its own registration', async () => {
      const [first, other, second] = [await world.record(), await world.record(), await world.record()];
      const peer = { publicKey: 'k'.repeat(40), role: 'ra' as const, cn: 'ra1', addedAt: NOW };
      await world.store.admitPeer({ ...peer, serial: first.serial });
      await world.store.admitPeer({ ...peer, publicKey: 'o'.repeat(40), serial: other.serial });
      const standing = async (key = peer.publicKey) => {
        const found = await world.store.findPeer(key);
        return [found?.serial, found?.revokedAt];
      };
      await world.store.revoke(first.serial, NOW + 1, 6);
      expect(await standing()).toEqual([first.serial, NOW + 1]);
      expect(await standing('o'.repeat(40))).toEqual([other.serial, null]);
      await world.store.unrevoke(first.serial);
      expect(await standing()).toEqual([first.serial, null]);
      for (const _ of [1, 2]) await world.store.addPeerCertificate(peer.publicKey, second.serial);
      await world.store.revoke(first.serial, NOW + 2, 1);
      expect(await standing()).toEqual([second.serial, null]);
      await world.store.revoke(second.serial, NOW + 3, 1);
      expect(await standing()).toEqual([second.serial, NOW + 3]);
      expect((await world.store.listPeers()).map(({ revokedAt }) => revokedAt)).toEqual([NOW + 3, null]);
    });
  });
}
