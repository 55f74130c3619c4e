import { describe, expect, test } from 'vitest';
import { IssuerRetired } from '../../../src/store/contract/errors.js';
import { anAuthority, aRecord, atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** Roots and issuers. */
export function caAuthoritiesContract(world: CaWorld): void {
  describe('roots and issuers', () => {
    test('they are stored completely, in the order they were added, each id once', async () => {
      const first = anAuthority({ tag: '' });
      const second = anAuthority({
        kind: 'root',
        keyRef: null,
        sealedKey: new Uint8Array([4, 5]),
        of: 'x',
        usedFrom: null,
      });
      expect(await world.store.addAuthority(first, null)).toBe(true);
      expect(await world.store.addAuthority(second, null)).toBe(true);
      expect(await world.store.addAuthority({ ...first, chain: 'other' }, null)).toBe(false);
      expect(await world.store.listAuthorities()).toEqual([first, second]);
    });

    test('one of several concurrent successors is stored, and it retires its predecessor', async () => {
      const old = anAuthority();
      await world.store.addAuthority(old, null);
      const added = await atOnce(6, () =>
        world.store.addAuthority(anAuthority({ addedAt: NOW + 7 }), old.id),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
      const [kept, ...others] = await world.store.listAuthorities();
      expect(kept).toEqual({ ...old, retiredAt: NOW + 7 });
      expect(others).toHaveLength(1);
      expect(await world.store.addAuthority(anAuthority(), 'unknown')).toBe(false);
    });

    test('only the given facts change, and an unknown id is reported', async () => {
      const one = anAuthority({ keyRef: 'a.key' });
      await world.store.addAuthority(one, null);
      expect(await world.store.changeAuthority(one.id, { renewFrom: NOW, keyRef: null })).toBe(true);
      expect(await world.store.changeAuthority(one.id, {})).toBe(true);
      expect(await world.store.changeAuthority('unknown', { renewFrom: NOW })).toBe(false);
      expect(await world.store.listAuthorities()).toEqual([{ ...one, renewFrom: NOW, keyRef: null }]);
    });

    test('a retired issuer issues nothing more, but orders keep their certificates and it has its OCSP certificate', async () => {
      const issuer = anAuthority();
      await world.store.addAuthority(issuer, null);
      const before = aRecord({ orderId: 'before', issuer: issuer.tag });
      await world.store.recordCertificate(before);
      await world.store.changeAuthority(issuer.id, { retiredAt: NOW });
      const late = () => aRecord({ issuer: issuer.tag });
      await expect(world.store.recordCertificate(late())).rejects.toThrow(IssuerRetired);
      await expect(world.store.recordCertificate({ ...late(), orderId: 'new' })).rejects.toThrow(
        IssuerRetired,
      );
      const again = await world.store.recordCertificate({ ...late(), orderId: 'before' });
      expect(again).toEqual({ certificate: before, created: false });
      expect((await world.store.recordCertificate(late(), undefined, { evenRetired: true })).created).toBe(
        true,
      );
      expect((await world.store.recordCertificate(aRecord({ issuer: 'another' }))).created).toBe(true);
    });

    test('each issuer has its own CRL, which only its own certificates make outdated', async () => {
      const [one, two] = [anAuthority({ tag: '' }), anAuthority()];
      for (const each of [one, two]) await world.store.addAuthority(each, null);
      const crl = (number: number) => ({
        number,
        der: new Uint8Array([number]),
        thisUpdate: NOW,
        nextUpdate: NOW + HOUR,
      });
      for (const { tag } of [one, two]) {
        expect(await world.store.allocateCrlNumber(tag, 5)).toBe(5);
        expect(await world.store.allocateCrlNumber(tag, 3)).toBe(6);
        expect(await world.store.putCrl(tag, crl(6))).toBe(true);
      }
      expect(await world.store.putCrl('unknown', crl(9))).toBe(false);
      const { serial } = await world.record({ issuer: two.tag, notAfter: NOW + 3 * HOUR });
      await world.record({ issuer: two.tag, notAfter: NOW + 2 * HOUR });
      await world.store.revoke(serial, NOW, 1);
      expect(await world.store.isCrlCurrent(one.tag, 6)).toBe(true);
      expect(await world.store.isCrlCurrent(two.tag, 6)).toBe(false);
      const revoked = async (issuer: string) =>
        (await world.store.listRevoked({ issuer, after: null, limit: 5, endedFrom: NOW })).items.map(
          (entry) => entry.serial,
        );
      expect(await revoked(one.tag)).toEqual([]);
      expect(await revoked(two.tag)).toEqual([serial]);
      expect(await world.store.lastCertificateEnd(two.tag)).toBe(NOW + 3 * HOUR);
      expect(await world.store.lastCertificateEnd('unknown')).toBeNull();
      const listed = await world.store.listCertificates({
        after: null,
        limit: 5,
        now: NOW,
        filter: { issuer: two.tag },
      });
      expect(listed.items).toHaveLength(2);
    });
  });
}
