import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/model/facts.js';
import { aCertificate, aNode, atOnce, HOUR, NOW, nextId } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

const CSR = new Uint8Array([0x30, 0x00]);
const LATER = NOW + 24 * HOUR;

export function nodesContract(world: World): void {
  const registered = async (facts: Partial<Node> = {}): Promise<Node> => {
    const node = aNode(facts);
    await world.store.createNode(node);
    return node;
  };
  const provenOrder = ({ id }: Node) => world.order({}, { provenBy: id, challenges: [] });
  const issued = async (node: Node) => {
    const { order } = await provenOrder(node);
    const certificate = aCertificate(order);
    await world.store.beginFinalize(order.id, CSR, NOW);
    await world.store.recordIssuance(order.id, certificate);
    return certificate;
  };

  describe('nodes', () => {
    test('a node comes back with every fact, by its name and by its seed', async () => {
      const { store } = world;
      const node = await registered({
        names: [
          { type: 'dns', value: '*.example.com' },
          { type: 'email', value: 'a@example.com' },
        ],
      });
      expect(await store.getNode(node.cn)).toEqual(node);
      expect(await store.findNodeBySeed(node.enrolment.seedHash)).toEqual(node);
      expect(await store.getNode('none')).toBeNull();
      expect(await store.findNodeBySeed('none')).toBeNull();
    });

    test('one of many concurrent registrations of a name is stored', async () => {
      const { store } = world;
      const nodes = Array.from({ length: 5 }, () => aNode({ cn: 'one.example.com' }));
      const outcomes = await Promise.all(nodes.map((node) => store.createNode(node)));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect(await store.getNode('one.example.com')).toEqual(nodes[outcomes.indexOf(true)]);
    });

    test('nodes are listed by name, page by page, including those being removed', async () => {
      const { store } = world;
      for (const cn of ['c', 'A', 'b', 'B']) await registered({ cn });
      await store.beginNodeRemoval('b', NOW);
      const names = async (after: string | null) =>
        (await store.listNodes({ after, limit: 3 })).map(({ cn }) => cn);
      expect(await names(null)).toEqual(['A', 'B', 'b']);
      expect(await names('b')).toEqual(['c']);
    });

    test('a seed is used for one key, and with that key it may be used again', async () => {
      const { store } = world;
      const node = await registered();
      const { seedHash } = node.enrolment;
      const outcomes = await atOnce(6, (index) => store.claimEnrolment(seedHash, `key-${index}`, NOW));
      expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'used')).toHaveLength(5);
      const key = `key-${outcomes.indexOf('claimed')}`;
      expect(await store.claimEnrolment(seedHash, key, NOW + 1)).toBe('claimed');
      expect((await store.getNode(node.cn))?.enrolment).toMatchObject({ key, claimedAt: NOW, serial: null });
    });

    test('an expired seed and an unknown seed are refused', async () => {
      const { store } = world;
      const { enrolment } = await registered();
      expect(await store.claimEnrolment(enrolment.seedHash, 'key', enrolment.expiresAt - 1)).toBe('claimed');
      expect(await store.claimEnrolment(enrolment.seedHash, 'key', enrolment.expiresAt)).toBe('expired');
      expect(await store.claimEnrolment('none', 'key', NOW)).toBe('unknown');
    });

    test('the certificates of an enrolment and of a renewal belong to the node', async () => {
      const { store } = world;
      const node = await registered();
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER })).toBe(true);
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER })).toBe(true);
      expect(await store.recordNodeCertificate(node.id, { serial: 'bb', notAfter: LATER })).toBe(true);
      expect(await store.recordNodeCertificate('none', { serial: 'cc', notAfter: LATER })).toBe(false);
      const known = { ...node, enrolment: { ...node.enrolment, serial: 'aa' } };
      expect(await store.findNodeBySerial('aa')).toEqual(known);
      expect(await store.findNodeBySerial('bb')).toEqual(known);
      expect(await store.findNodeBySerial('cc')).toBeNull();
    });

    test('a node registered again keeps its certificates, and its old seed and proofs end', async () => {
      const { store } = world;
      const node = await registered();
      await store.claimEnrolment(node.enrolment.seedHash, 'key', NOW);
      await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER });
      const { authorization } = await provenOrder(node);
      const next = aNode({
        cn: node.cn,
        profile: 'user',
        names: [],
        registeredAt: NOW + 1,
        registeredBy: 'CN=bob',
      });
      expect(await store.replaceNode(next)).toBe(true);
      expect(await store.getNode(node.cn)).toEqual(next);
      expect(await store.findNodeBySerial('aa')).toEqual(next);
      expect(await store.claimEnrolment(node.enrolment.seedHash, 'key', NOW)).toBe('unknown');
      expect(await store.claimEnrolment(next.enrolment.seedHash, 'other', NOW)).toBe('claimed');
      expect((await store.getAuthorization(authorization.id))?.revokedAt).toBe(NOW + 1);
      expect(await store.replaceNode(aNode({ cn: 'none' }))).toBe(false);
    });

    test('an authorization by an earlier registration of the name is stored as revoked', async () => {
      const { store } = world;
      const node = await registered();
      await store.replaceNode(aNode({ cn: node.cn }));
      const { authorization } = await provenOrder(node);
      expect((await store.getAuthorization(authorization.id))?.revokedAt).toBe(authorization.createdAt);
    });

    test('certificates that the earlier registration ordered still belong to the node', async () => {
      const { store } = world;
      const node = await registered();
      const { serial } = await issued(node);
      const next = aNode({ cn: node.cn });
      await store.replaceNode(next);
      expect((await store.findNodeIssuances(next.id, NOW)).serials).toEqual([serial]);
    });

    test('a certificate of an enrolment that was replaced meanwhile is not recorded, and an earlier one stays', async () => {
      const { store } = world;
      const node = await registered();
      await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER });
      await store.replaceNode(aNode({ cn: node.cn }));
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'bb', notAfter: LATER })).toBe(false);
      expect(await store.findNodeBySerial('bb')).toBeNull();
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER })).toBe(true);
    });

    test('once its removal begins a node cannot enrol, renew or prove anything, and its name stays in use', async () => {
      const { store } = world;
      const node = await registered();
      await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER });
      const before = await provenOrder(node);
      expect(await store.beginNodeRemoval(node.cn, NOW + 5)).toMatchObject({
        id: node.id,
        removingAt: NOW + 5,
      });
      expect(await store.beginNodeRemoval(node.cn, NOW + 9)).toMatchObject({ removingAt: NOW + 5 });
      expect(await store.beginNodeRemoval('none', NOW)).toBeNull();
      const after = await provenOrder(node);
      expect((await store.getAuthorization(before.authorization.id))?.revokedAt).toBe(NOW + 5);
      expect((await store.getAuthorization(after.authorization.id))?.revokedAt).toBe(NOW);
      expect(await store.claimEnrolment(node.enrolment.seedHash, 'key', NOW)).toBe('unknown');
      expect(await store.findNodeBySeed(node.enrolment.seedHash)).toBeNull();
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'bb', notAfter: LATER })).toBe(false);
      expect(await store.recordNodeCertificate(node.id, { serial: 'bb', notAfter: LATER })).toBe(false);
      expect(await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER })).toBe(false);
      expect(await store.findNodeBySerial('aa')).toMatchObject({ id: node.id, removingAt: NOW + 5 });
      expect(await store.createNode(aNode({ cn: node.cn }))).toBe(false);
      expect(await store.replaceNode(aNode({ cn: node.cn }))).toBe(false);
      expect(await store.getNode(node.cn)).toMatchObject({ id: node.id });
    });

    test('a node’s certificates are its own and those of its authorizations, unless expired or revoked', async () => {
      const { store } = world;
      const node = await registered();
      await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER });
      await store.recordNodeCertificate(node.id, { serial: 'bb', notAfter: NOW });
      const [ordered, revoked] = [await issued(node), await issued(node)];
      await store.recordRevocation(revoked.serial, NOW, null);
      await issued(await registered());
      const { serials, unfinished } = await store.findNodeIssuances(node.id, NOW);
      expect(serials.sort()).toEqual([ordered.serial, 'aa'].sort());
      expect(unfinished).toBe(false);
      expect(await store.findNodeIssuances('none', NOW)).toEqual({ serials: [], unfinished: false });
    });

    test('an order of a node counts as unfinished during finalization until it has a certificate or failed', async () => {
      const { store } = world;
      const node = await registered();
      const unfinished = async () => (await store.findNodeIssuances(node.id, NOW)).unfinished;
      const [first, second] = [await provenOrder(node), await provenOrder(node)];
      expect(await unfinished()).toBe(false);
      await store.beginFinalize(first.order.id, CSR, NOW);
      expect(await unfinished()).toBe(true);
      await store.recordIssuance(first.order.id, aCertificate(first.order));
      expect(await unfinished()).toBe(false);
      await store.beginFinalize(second.order.id, CSR, NOW);
      await store.failOrder(second.order.id, { type: 'x', detail: 'no', status: 403 });
      expect(await unfinished()).toBe(false);
    });

    test('a removed node frees its name for another node, which inherits nothing', async () => {
      const { store } = world;
      const node = await registered();
      await store.recordEnrolment(node.enrolment.id, { serial: 'aa', notAfter: LATER });
      await store.beginNodeRemoval(node.cn, NOW);
      await store.removeNode(node.id);
      await store.removeNode(node.id);
      expect(await store.getNode(node.cn)).toBeNull();
      const next = await registered({ cn: node.cn });
      expect(await store.getNode(node.cn)).toEqual(next);
      expect(await store.findNodeBySerial('aa')).toBeNull();
      expect((await store.findNodeIssuances(next.id, NOW)).serials).toEqual([]);
    });

    test('an authorization proven by a node is stored with that fact and found as valid', async () => {
      const { store, account } = world;
      const node = await registered();
      const { authorization } = await provenOrder(node);
      expect(await store.getAuthorization(authorization.id)).toEqual(authorization);
      const { identifier } = authorization;
      expect(await store.findValidAuthorizations(account.id, [identifier], NOW)).toEqual([authorization]);
    });

    test('an authorization proven by an unknown node is stored as revoked', async () => {
      const { store } = world;
      const { authorization } = await world.order({}, { provenBy: nextId(), challenges: [] });
      const stored = await store.getAuthorization(authorization.id);
      expect(stored).toEqual({ ...authorization, revokedAt: authorization.createdAt });
    });
  });
}
