import { describe, expect, test } from 'vitest';
import { verifyAudit } from '../../../src/store/rows/audit-chain.js';
import { aRecord, atOnce, NOW } from '../../../tools/kit/facts.js';
import { told } from './audit.contract.js';
import type { CaWorld } from './ca-store.contract.js';

/** What the CA writes to its audit log. */
export function caAuditContract(world: CaWorld): void {
  describe('the audit log of the CA', () => {
    const by = { who: 'ra ra1.example.com', from: 'channel' };
    const entry = (action: string, details: object, actor: object = by) => ({
      ...actor,
      action,
      outcome: 'success',
      details,
    });

    test('it records an issuance once per order, with the requester', async () => {
      const facts = { serial: '41', orderId: 'o1', accountId: 'a1' };
      await world.store.recordCertificate(aRecord(facts), by);
      await world.store.recordCertificate(aRecord({ orderId: 'o1' }), by);
      await expect(world.store.recordCertificate(aRecord({ serial: '41' }), by)).rejects.toThrow();
      await world.store.recordCertificate(aRecord({ serial: '42' }));
      const named = { cn: 'www.example.com', profile: 'server' };
      expect(await told(world.store)).toEqual([
        entry('certificate.issue', { serial: '41', ...named, order: 'o1', account: 'a1' }),
        entry('certificate.issue', { serial: '42', ...named }, { who: 'upki', from: 'local' }),
      ]);
    });

    test('it records a revocation, a release and a deletion only if they changed something', async () => {
      const { serial } = await world.record();
      const before = (await told(world.store)).length;
      for (const _ of [1, 2]) {
        await world.store.revoke(serial, NOW, 6, by);
        await world.store.revoke('00', NOW, 1, by);
      }
      for (const _ of [1, 2]) await world.store.unrevoke(serial, by);
      await world.store.revoke(serial, NOW, null, by);
      for (const _ of [1, 2]) await world.store.markDeleted(serial, NOW, by);
      await world.store.markDeleted('00', NOW, by);
      expect((await told(world.store)).slice(before)).toEqual([
        entry('certificate.revoke', { serial, reason: 6 }),
        entry('certificate.unrevoke', { serial }),
        entry('certificate.revoke', { serial }),
        entry('certificate.delete', { serial }),
      ]);
    });

    test('it records each change of nodes, administrators and peers once', async () => {
      const node = { cn: 'n1', profile: 'server', sans: [], registeredAt: NOW };
      const key = 'k'.repeat(40);
      for (const _ of [1, 2])
        await world.store.addAdmin({ dn: '/CN=a', role: 'admin', addedAt: NOW, byName: false }, by);
      for (const _ of [1, 2]) await world.store.removeAdmin('/CN=a', by);
      await world.store.putNode(node, by);
      for (const _ of [1, 2]) await world.store.removeNode('n1', by);
      await world.store.admitPeer({ publicKey: key, role: 'ra', cn: 'ra1', addedAt: NOW, serial: null }, by);
      for (const _ of [1, 2]) await world.store.revokePeer(key, NOW, by);
      expect(await told(world.store)).toEqual([
        entry('admin.add', { dn: '/CN=a', role: 'admin' }),
        entry('admin.remove', { dn: '/CN=a' }),
        entry('node.register', { cn: 'n1', profile: 'server' }),
        entry('node.remove', { cn: 'n1' }),
        entry('peer.admit', { cn: 'ra1', role: 'ra', key }),
        entry('peer.revoke', { key }),
      ]);
    });

    test('it records each of many concurrent issuances, and verifies', async () => {
      await atOnce(50, (index) => world.store.recordCertificate(aRecord({ orderId: `o${index % 25}` })));
      expect(await verifyAudit(world.store)).toMatchObject({ records: 25, fault: null });
    });
  });
}
