import { describe, expect, test } from 'vitest';
import { aCertificate, atOnce, NOW, PROBLEM } from '../../../tools/kit/facts.js';
import type { World } from './ra-store.contract.js';

export function certificatesContract(world: World): void {
  const issue = async () => {
    const { order } = await world.order();
    const certificate = aCertificate(order);
    await world.store.recordIssuance(order.id, certificate);
    return certificate;
  };

  describe('certificates (RFC 8555 §7.4.2, §7.6; RFC 9773)', () => {
    test('an issued certificate belongs to its order and is found by id, serial and ARI id', async () => {
      const { store } = world;
      const { order } = await world.order();
      const certificate = aCertificate(order);
      await store.beginFinalize(order.id, new Uint8Array([1]), NOW);
      expect(await store.recordIssuance(order.id, certificate)).toBe(true);
      expect((await store.getOrder(order.id))?.order.certificateId).toBe(certificate.id);
      expect(await store.getCertificate(certificate.id)).toEqual(certificate);
      expect(await store.findCertificateBySerial(certificate.serial)).toEqual(certificate);
      expect(await store.findCertificateByAriId(certificate.ariId)).toEqual(certificate);
      expect(await store.getCertificate('none')).toBeNull();
      expect(await store.findCertificateBySerial('00')).toBeNull();
    });

    test('an ARI id finds a certificate only if both its parts match (RFC 9773 §4.1)', async () => {
      const { store } = world;
      const { ariId } = await issue();
      const [keyId = '', serial = ''] = ariId.split('.');
      for (const wrong of [`AAAA.${serial}`, `${keyId}.AAAA`, serial, keyId, '', '.', '%%']) {
        expect(await store.findCertificateByAriId(wrong)).toBeNull();
      }
    });

    test('one of many concurrent issuances for an order is recorded, and only its certificate is stored', async () => {
      const { store } = world;
      const { order } = await world.order();
      const certificates = [0, 1, 2, 3].map((index) => aCertificate(order, { id: `${order.id}${index}` }));
      const results = await Promise.all(certificates.map((each) => store.recordIssuance(order.id, each)));
      expect(results.filter(Boolean)).toHaveLength(1);
      const stored = await Promise.all(certificates.map(({ id }) => store.getCertificate(id)));
      expect(stored.map((each) => each !== null)).toEqual(results);
      expect(await store.recordIssuance('none', aCertificate(order, { id: 'x' }))).toBe(false);
      expect(await store.getCertificate('x')).toBeNull();
    });

    test('an issued certificate belongs to its order even if the order was abandoned meanwhile', async () => {
      const { store } = world;
      const { order } = await world.order();
      await store.failOrder(order.id, PROBLEM);
      expect(await store.recordIssuance(order.id, aCertificate(order))).toBe(true);
      expect((await store.getOrder(order.id))?.order).toMatchObject({ certificateId: order.id, error: null });
    });

    test('a used serial is refused, and the order stays without a certificate', async () => {
      const { store } = world;
      const { serial } = await issue();
      const { order } = await world.order();
      const twin = aCertificate(order, { serial });
      await expect(store.recordIssuance(order.id, twin)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect((await store.getOrder(order.id))?.order.certificateId).toBeNull();
    });

    test('a revocation keeps its first time, and its reason unless the key is compromised (§7.6)', async () => {
      const { store } = world;
      const certificate = await issue();
      await store.recordRevocation(certificate.serial, NOW + 1, 4);
      await store.recordRevocation(certificate.serial, NOW + 2, null);
      expect(await store.findCertificateBySerial(certificate.serial)).toEqual({
        ...certificate,
        revokedAt: NOW + 1,
        revocationReason: 4,
      });
      for (const reason of [1, 5]) await store.recordRevocation(certificate.serial, NOW + 3, reason);
      expect(await store.findCertificateBySerial(certificate.serial)).toMatchObject({
        revokedAt: NOW + 1,
        revocationReason: 1,
      });
      await store.recordRevocation('00', NOW, null);
    });

    test('one of many concurrent orders that replace a certificate is stored (RFC 9773 §5)', async () => {
      const { store } = world;
      const predecessor = await issue();
      const replace = () => world.order({ replaces: predecessor.ariId });
      const orders = (await atOnce(4, replace)).map(({ order }) => order.id);
      const stored = await Promise.all(orders.map((id) => store.getOrder(id)));
      expect(stored.filter((found) => found !== null)).toHaveLength(1);
      const replacedBy = (await store.getCertificate(predecessor.id))?.replacedBy;
      expect(stored.find((found) => found !== null)?.order.id).toBe(replacedBy);
    });

    test('a certificate is released by the order that replaces it, and by no other (RFC 9773 §5)', async () => {
      const { store } = world;
      const predecessor = await issue();
      const replacedBy = async () => (await store.getCertificate(predecessor.id))?.replacedBy;
      const expired = await world.order({ replaces: predecessor.ariId });
      await store.releaseReplaced(predecessor.ariId, 'another');
      await store.releaseReplaced('AAAA.AAAA', expired.order.id);
      expect(await replacedBy()).toBe(expired.order.id);
      await store.releaseReplaced(predecessor.ariId, expired.order.id);
      expect(await replacedBy()).toBeNull();
      const next = await world.order({ replaces: predecessor.ariId });
      await store.releaseReplaced(predecessor.ariId, expired.order.id);
      expect(await replacedBy()).toBe(next.order.id);
    });

    test('an invalid replacing order frees the certificate for another (RFC 9773 §5)', async () => {
      const { store } = world;
      const predecessor = await issue();
      const replacing = () => world.order({ replaces: predecessor.ariId });
      const replacedBy = async () => (await store.getCertificate(predecessor.id))?.replacedBy;

      const refused = await replacing();
      await store.failOrder(refused.order.id, PROBLEM);
      expect(await replacedBy()).toBeNull();

      const unproved = await replacing();
      await store.answerChallenge(unproved.authorization.id, 'http-01', NOW, NOW);
      const failure = { at: NOW, error: PROBLEM, expiresAt: NOW };
      await store.completeValidation(unproved.authorization.id, 'http-01', failure);
      expect(await replacedBy()).toBeNull();

      const abandoned = await replacing();
      await store.deactivateAuthorization(abandoned.authorization.id, NOW);
      expect(await replacedBy()).toBeNull();

      const last = await replacing();
      expect(await replacedBy()).toBe(last.order.id);
      await store.recordIssuance(last.order.id, aCertificate(last.order));
      await store.deactivateAuthorization(last.authorization.id, NOW);
      expect(await replacedBy()).toBe(last.order.id);
    });

    test('a certificate without order or node is stored until it expires, with the reason it was issued', async () => {
      const { store } = world;
      const made = {
        serial: 'abc1',
        origin: 'another',
        renews: null,
        at: NOW,
        notAfter: NOW + 10,
      };
      const renewal = { serial: 'abc2', origin: 'a renewal', renews: 'abc1', at: NOW, notAfter: NOW + 20 };
      for (const each of [made, renewal, made]) await store.recordOtherCertificate(each);
      expect(await store.findOtherCertificate('abc1')).toEqual(made);
      expect(await store.findOtherCertificate('abc2')).toEqual(renewal);
      expect(await store.findOtherCertificate('abc3')).toBeNull();
      await store.purgeCertificates(NOW + 11, 100);
      expect(await store.findOtherCertificate('abc1')).toBeNull();
      expect(await store.findOtherCertificate('abc2')).toEqual(renewal);
    });
  });
}
