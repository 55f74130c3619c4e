import { expect, it } from 'vitest';
import { AuditWatch } from '../../src/store/audit-watch.js';
import type { AuditPosition, AuditRecord } from '../../src/store/contract/audit.js';
import { GENESIS, linkHash } from '../../src/store/rows/audit-chain.js';

/** A log of two chains in memory. */
function aLog(length: number) {
  const records: AuditRecord[] = [];
  for (const chain of [1, 2]) {
    let before: Uint8Array = GENESIS;
    for (let sequence = 1; sequence <= length; sequence += 1) {
      const entry = `{"n":${sequence}}`;
      before = linkHash(before, { chain, sequence }, entry);
      records.push({ chain, sequence, entry, hash: Buffer.from(before).toString('hex') });
    }
  }
  const readAudit = async ({ after, limit }: { after: AuditPosition | null; limit: number }) => {
    const from = records.filter(
      ({ chain, sequence }) =>
        after === null || chain > after.chain || (chain === after.chain && sequence > after.sequence),
    );
    return from.slice(0, limit);
  };
  return { records, readAudit, auditCuts: async () => [] };
}

const silent = { error: () => undefined };
const round = async (watch: AuditWatch) => {
  for (let step = 0; step < 8; step += 1) await watch.step();
};

it('an intact audit log stays intact, however often it is verified and however it grows', async () => {
  const log = aLog(1_300);
  const watch = new AuditWatch(log, silent);
  await round(watch);
  await round(watch);
  expect(watch.fault).toBeNull();
});

it('a record changed long after it was written is found in the next round and in later ones', async () => {
  const log = aLog(1_300);
  const watch = new AuditWatch(log, silent);
  await round(watch);
  const record = log.records[700];
  if (record) log.records[700] = { ...record, entry: '{"n":0}' };
  await round(watch);
  expect(watch.fault).toMatchObject({ position: { chain: 1, sequence: 701 } });
  if (record) log.records[700] = record;
  await round(watch);
  expect(watch.fault).toMatchObject({ position: { chain: 1, sequence: 701 } });
});

it('records cut off the end of a chain between two rounds are found', async () => {
  const log = aLog(30);
  const watch = new AuditWatch(log, silent);
  await round(watch);
  log.records.pop();
  await round(watch);
  expect(watch.fault).toMatchObject({ position: { chain: 2, sequence: 30 } });
});
