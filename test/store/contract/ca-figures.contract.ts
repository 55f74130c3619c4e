import { describe, expect, test } from 'vitest';
import type { CaStore, CertificateRecord } from '../../../src/store/contract/ca.js';
import { aRecord, atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';

const DAY = 24 * HOUR;
/** Its window ends 35/48 of a life of 48 hours after it began. */
const LIFE = 48 * HOUR;
const OVER = NOW + 35 * HOUR;

/** What a CA counts, and finds without being asked. */
export function caFiguresContract(world: { readonly store: CaStore }): void {
  const record = async (facts: Partial<CertificateRecord> = {}) =>
    (await world.store.recordCertificate(aRecord({ notBefore: NOW, notAfter: NOW + LIFE, ...facts })))
      .certificate;
  const dns = (...names: string[]) => ({
    cn: names[0] ?? '',
    identifiers: names.map((value) => ({ type: 'dns', value })),
  });
  const counts = async (now: number) =>
    Object.fromEntries(
      (await world.store.countCertificates(now))
        .filter(({ count }) => count !== 0)
        .map(({ profile, state, count }) => [`${profile} ${state}`, count]),
    );
  const notRenewed = async (now: number) => {
    while ((await world.store.findNotRenewed(now, 2)) > 0);
    await world.store.recheckNotRenewed(now, 100);
    return (await world.store.listNotRenewed({ after: null, limit: 100, now })).items
      .map(({ cn }) => cn)
      .sort();
  };

  describe('figures', () => {
    test('certificates are counted by profile and state through all changes', async () => {
      expect(await counts(NOW)).toEqual({});
      const [one, two] = [await record(), await record()];
      await record({ profile: 'laptop', notAfter: NOW + 3 * LIFE });
      await record({ profile: 'laptop', revokedAt: NOW, reason: 1 });
      expect(await counts(NOW)).toEqual({ 'server good': 2, 'laptop good': 1, 'laptop revoked': 1 });
      expect(await world.store.countEnding(NOW, NOW + LIFE)).toBe(0);
      expect(await world.store.countEnding(NOW, NOW + LIFE + HOUR)).toBe(2);
      expect(await world.store.countEnding(NOW + LIFE + HOUR, NOW + 4 * LIFE)).toBe(1);

      await world.store.revoke(one.serial, NOW, 6);
      await world.store.revoke(one.serial, NOW, 1);
      await world.store.revoke(two.serial, NOW, 6);
      expect(await counts(NOW)).toEqual({ 'server revoked': 2, 'laptop good': 1, 'laptop revoked': 1 });
      await world.store.unrevoke(two.serial);
      await world.store.markDeleted(one.serial, NOW);
      expect(await counts(NOW)).toEqual({
        'server good': 1,
        'server revoked': 1,
        'laptop good': 1,
        'laptop revoked': 1,
      });

      const later = NOW + LIFE + 25 * HOUR;
      const then = { 'server expired': 1, 'server revoked': 1, 'laptop good': 1, 'laptop revoked': 1 };
      expect(await counts(later)).toEqual(then);
      // Adding up by day what is over changes nothing a day later, with a clock that is ahead, and for one revoked after that.
      await world.store.foldCounts(later + 7 * DAY);
      expect(await counts(later)).toEqual(then);
      await world.store.revoke(two.serial, later, 1);
      await world.store.foldCounts(later + 7 * DAY);
      expect(await counts(later)).toEqual({ 'server revoked': 2, 'laptop good': 1, 'laptop revoked': 1 });
    });

    test('a certificate that was not stored is not counted', async () => {
      const results = await atOnce(8, () => world.store.recordCertificate(aRecord({ orderId: 'o1' })));
      await expect(
        world.store.recordCertificate(aRecord({ serial: results[0]?.certificate.serial ?? '' })),
      ).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect(await counts(NOW)).toEqual({ 'server good': 1 });
    });

    test('a certificate past its window without a successor is found once, and dropped when it is renewed', async () => {
      await record(dns('late.test'));
      await record(dns('gone.test'));
      await record({ ...dns('young.test'), notBefore: NOW + LIFE / 2, notAfter: NOW + LIFE * 2 });
      const revoked = await record(dns('revoked.test'));
      await world.store.revoke(revoked.serial, NOW, 1);
      await record(dns('renewed.test', 'b.test'));
      await record({ ...dns('B.test', 'c.test', 'renewed.test'), notBefore: OVER, notAfter: OVER + LIFE });
      // Fewer names are no successor.
      await record(dns('d.test', 'e.test'));
      await record({ ...dns('d.test'), notBefore: OVER, notAfter: OVER + LIFE });

      expect(await notRenewed(OVER - 1)).toEqual([]);
      expect(await notRenewed(OVER)).toEqual(['d.test', 'gone.test', 'late.test']);
      expect(await world.store.countNotRenewed(OVER)).toEqual([{ profile: 'server', count: 3 }]);

      const successor = await record({ ...dns('late.test'), notBefore: OVER, notAfter: OVER + LIFE });
      expect(await notRenewed(OVER)).toEqual(['d.test', 'gone.test']);
      await world.store.revoke(successor.serial, OVER, 4);
      // Ended, it is told of for some days still.
      expect(await notRenewed(NOW + LIFE + DAY)).toContain('gone.test');
      expect(await notRenewed(NOW + LIFE + 8 * DAY)).not.toContain('gone.test');
    });

    test('a clock that was a year ahead for a while hides no certificate', async () => {
      await record(dns('a.test'));
      expect(await notRenewed(NOW + 365 * DAY)).toEqual([]);
      expect(await notRenewed(NOW)).toEqual([]);
      await record({ ...dns('b.test'), notBefore: NOW + DAY, notAfter: NOW + DAY + LIFE });
      expect(await notRenewed(OVER + DAY)).toEqual(['a.test', 'b.test']);
    });

    test('certificates that were not renewed are listed page by page', async () => {
      for (const name of ['a', 'b', 'c']) await record(dns(`${name}.test`));
      expect(await notRenewed(OVER)).toHaveLength(3);
      const first = await world.store.listNotRenewed({ after: null, limit: 2, now: OVER });
      expect(first.items).toHaveLength(2);
      const rest = await world.store.listNotRenewed({ after: first.next, limit: 2, now: OVER });
      expect(rest.items).toHaveLength(1);
      expect(rest.next).toBeNull();
    });

    test('the heads of the audit log give the number of records', async () => {
      expect(await world.store.auditEnds()).toEqual([]);
      await record();
      await record();
      const heads = await world.store.auditEnds();
      expect(heads.reduce((sum, { sequence }) => sum + sequence, 0)).toBe(2);
    });
  });
}
