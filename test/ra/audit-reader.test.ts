import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AuditReader } from '../../src/ra/audit-reader.js';
import type { AuditPosition, AuditRecord } from '../../src/store/contract/audit.js';

/** Chains of records with their times, as a store has them. */
function readerOver(times: readonly (readonly number[])[]) {
  const records: AuditRecord[] = times.flatMap((chain, index) =>
    chain.map((at, place) => ({
      ...{ chain: index, sequence: place + 1, hash: '' },
      entry: JSON.stringify({ at: new Date(at).toISOString(), action: 'x' }),
    })),
  );
  const isAfter = (record: AuditPosition, after: AuditPosition) =>
    record.chain > after.chain || (record.chain === after.chain && record.sequence > after.sequence);
  const reader = new AuditReader({
    readAudit: async ({ after, limit }) =>
      records.filter((record) => after === null || isAfter(record, after)).slice(0, limit),
    auditCuts: async () => [],
    auditEnds: async () =>
      times.flatMap((chain, index) => (chain.length === 0 ? [] : [{ chain: index, sequence: chain.length }])),
  });
  return { reader, records };
}

it('pages give every record once, the newest first', async () => {
  const chain = fc.array(fc.nat(1_000_000)).map((times) => times.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(
      fc.array(chain, { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      async (times, limit) => {
        const { reader, records } = readerOver(times);
        const seen: AuditRecord[] = [];
        for (let from = await reader.ends(); from.length > 0; ) {
          const page = await reader.newest(from, limit);
          expect(page.records.length).toBeGreaterThan(0);
          expect(page.records.length).toBeLessThanOrEqual(limit);
          seen.push(...page.records);
          from = page.next;
        }
        const at = seen.map(({ entry }) => JSON.parse(entry).at as string);
        expect(at).toEqual([...at].sort().reverse());
        expect(seen).toHaveLength(records.length);
        expect(new Set(seen)).toEqual(new Set(records));
      },
    ),
  );
});

it('an unknown chain ends the pages', async () => {
  const { reader } = readerOver([[1]]);
  expect(await reader.newest([{ chain: 9, sequence: 5 }], 10)).toEqual({ records: [], next: [] });
});
