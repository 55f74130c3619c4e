import { expect, it } from 'vitest';
import { type AuditRecord, checkLinks } from '../../src/console/audit-chain.js';
import { GENESIS, linkHash } from '../../src/store/rows/audit-chain.js';

/** As the store writes them, oldest first. */
function chainOf(entries: string[]): AuditRecord[] {
  let before: Uint8Array = GENESIS;
  return entries.map((entry, index) => {
    const position = { chain: 3, sequence: index + 1 };
    const hash = linkHash(before, position, entry);
    before = hash;
    return { ...position, entry, hash: hash.toString('hex') };
  });
}

const PAGE = 3;

async function verdictOf(records: AuditRecord[], begin: { sequence: number; hash: string } | null = null) {
  const newest = [...records].reverse();
  return checkLinks(
    async (cursor) => {
      const at = Number(cursor ?? 0);
      const next = at + PAGE < newest.length ? String(at + PAGE) : null;
      return { records: newest.slice(at, at + PAGE), next };
    },
    () => undefined,
    begin,
  );
}

const ENTRIES = ['a', 'ÿ€😀', '{"at":1}', 'd', 'e', 'f', 'g'];

it('the browser computes the same hashes as the store', async () => {
  const records = chainOf(ENTRIES);
  expect(await verdictOf(records)).toEqual({ records: 7, head: records.at(-1)?.hash, fault: null });
  expect(await verdictOf([])).toEqual({ records: 0, head: null, fault: null });
});

it.each([0, 1, 3, 6])('a record changed at place %i is found', async (index) => {
  const records = chainOf(ENTRIES).map((each, at) => (at === index ? { ...each, entry: 'other' } : each));
  expect((await verdictOf(records)).fault).toMatchObject({ sequence: index + 1 });
});

it.each([0, 2, 5])('a record taken out at place %i is found', async (index) => {
  const records = chainOf(ENTRIES).filter((_, at) => at !== index);
  expect((await verdictOf(records)).fault).toEqual({ sequence: index + 1, reason: 'it is missing' });
});

it.each([
  1, 3, 4, 6,
])('a chain that was cut after record %i follows from there, trimmed or not', async (sequence) => {
  const records = chainOf(ENTRIES);
  const begin = records[sequence - 1] as AuditRecord;
  const whole = { records: 7 - sequence, head: records.at(-1)?.hash, fault: null };
  expect(await verdictOf(records, begin)).toEqual(whole);
  expect(await verdictOf(records.slice(sequence), begin)).toEqual(whole);
  expect((await verdictOf(records.slice(sequence), { ...begin, hash: '0'.repeat(64) })).fault).not.toBeNull();
  expect((await verdictOf(records.slice(sequence))).fault).toMatchObject({ sequence });
});
