import { describe, expect, test } from 'vitest';
import type {
  AuditCut,
  AuditEntry,
  AuditPosition,
  AuditRecord,
  AuditTrail,
} from '../../../src/store/contract/audit.js';
import { verifyAudit } from '../../../src/store/rows/audit-chain.js';
import { atOnce, NOW } from '../../../tools/kit/facts.js';

/** All records, read a page at a time. */
async function allRecords(trail: Pick<AuditTrail, 'readAudit'>, limit = 100): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (let after: AuditPosition | null = null; ; after = records.at(-1) ?? null) {
    const page: AuditRecord[] = await trail.readAudit({ after, limit });
    expect(page.length).toBeLessThanOrEqual(limit);
    records.push(...page);
    if (page.length < limit) return records;
  }
}

/** What the log says, without times and positions. */
export async function told(trail: Pick<AuditTrail, 'readAudit'>): Promise<unknown[]> {
  return (await allRecords(trail)).map(({ entry }) => {
    const { at, ...rest } = JSON.parse(entry);
    expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return rest;
  });
}

const entry = (facts: Partial<AuditEntry> = {}): AuditEntry => ({
  at: NOW,
  who: 'CN=alice',
  from: '192.0.2.1',
  action: 'test.do',
  outcome: 'success',
  details: { name: 'a', count: 1 },
  ...facts,
});

/** The log of either store. */
export function auditContract(world: { readonly store: AuditTrail }): void {
  describe('audit log', () => {
    test('an entry is stored unchanged', async () => {
      await world.store.appendAudit(entry());
      const [record] = await allRecords(world.store);
      expect(JSON.parse(record?.entry ?? '')).toEqual({ ...entry(), at: new Date(NOW).toISOString() });
    });

    test('positions of a chain begin at 1 without gaps, and every chain verifies', async () => {
      await atOnce(40, (index) => world.store.appendAudit(entry({ details: { index } })));
      const records = await allRecords(world.store, 7);
      expect(records).toHaveLength(40);
      for (const chain of new Set(records.map((record) => record.chain))) {
        const sequences = records.filter((record) => record.chain === chain).map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, index) => index + 1));
      }
      const written = records.map((record) => JSON.parse(record.entry).details.index);
      expect(written.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
      expect(await verifyAudit(world.store)).toMatchObject({ records: 40, fault: null });
    });

    test.each([
      '\0',
      '\ud800',
      '\u2028"\\',
      'ÿ€😀',
      'x'.repeat(5_000),
    ])('the hostile text %j is stored, up to a limit', async (text) => {
      await world.store.appendAudit(entry({ who: text, details: { text } }));
      const [record] = await allRecords(world.store);
      const kept = JSON.parse(record?.entry ?? '');
      expect([kept.who, kept.details.text]).toEqual([text.slice(0, 1024), text.slice(0, 1024)]);
      expect(await verifyAudit(world.store)).toMatchObject({ records: 1, fault: null });
    });

    test('the ends are the last records of every chain', async () => {
      expect(await world.store.auditEnds()).toEqual([]);
      await atOnce(20, (index) => world.store.appendAudit(entry({ details: { index } })));
      const ends = new Map((await allRecords(world.store)).map(({ chain, sequence }) => [chain, sequence]));
      const wanted = [...ends].map(([chain, sequence]) => ({ chain, sequence }));
      expect(await world.store.auditEnds()).toEqual(wanted);
    });

    describe('cut', () => {
      const SIGNED = { at: NOW, certificate: 'PEM', signature: Buffer.from('signature').toString('base64') };
      const cutAt = ({ chain, sequence, hash }: AuditRecord): AuditCut => ({
        chain,
        sequence,
        hash,
        ...SIGNED,
      });
      /** The records of the longest chain. */
      const longest = async () => {
        await atOnce(60, (index) => world.store.appendAudit(entry({ details: { index } })));
        const records = await allRecords(world.store);
        const chains = [...new Set(records.map(({ chain }) => chain))];
        const of = (chain: number) => records.filter((record) => record.chain === chain);
        return chains.map(of).sort((one, other) => other.length - one.length)[0] as [
          AuditRecord,
          ...AuditRecord[],
        ];
      };

      test('a chain begins after its cut, verifies before and after it is trimmed, and continues', async () => {
        const chain = await longest();
        const all = (await allRecords(world.store)).length;
        const last = chain.at(-2) as AuditRecord;
        expect(await world.store.cutAudit(cutAt(last))).toBe(true);
        expect(await world.store.auditCuts()).toEqual([cutAt(last)]);
        const kept = all - chain.length + 1;
        expect(await verifyAudit(world.store)).toMatchObject({ records: kept, fault: null });
        expect(await world.store.trimAudit(1)).toBe(1);
        expect(await verifyAudit(world.store)).toMatchObject({ records: kept, fault: null });
        expect(await world.store.trimAudit(1_000)).toBe(chain.length - 2);
        expect(await world.store.trimAudit(1_000)).toBe(0);
        await atOnce(20, (index) => world.store.appendAudit(entry({ details: { more: index } })));
        expect(await verifyAudit(world.store, [last])).toMatchObject({ records: kept + 20, fault: null });
        const forged = { ...last, hash: '0'.repeat(64) };
        expect((await verifyAudit(world.store, [forged])).fault).toMatchObject({
          position: { sequence: last.sequence },
        });
      });

      test('a cut at a missing record, at the last one, or behind another cut is refused', async () => {
        const chain = await longest();
        const [first, second] = chain;
        const last = chain.at(-1) as AuditRecord;
        expect(await world.store.cutAudit({ ...cutAt(first), hash: last.hash })).toBe(false);
        expect(await world.store.cutAudit({ ...cutAt(last), sequence: last.sequence + 1 })).toBe(false);
        expect(await world.store.cutAudit(cutAt(last))).toBe(false);
        expect(await world.store.cutAudit(cutAt(second as AuditRecord))).toBe(true);
        expect(await world.store.cutAudit(cutAt(first))).toBe(false);
        expect(await world.store.trimAudit(1_000)).toBe(2);
      });
    });

    test('an empty log verifies', async () => {
      expect(await verifyAudit(world.store)).toEqual({ records: 0, heads: [], fault: null });
    });
  });
}
