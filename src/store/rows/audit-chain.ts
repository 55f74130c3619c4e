import { createHash } from 'node:crypto';
import type { AuditPosition, AuditRecord, AuditTrail } from '../contract/audit.js';

/** What stands before the first record of a chain. */
export const GENESIS: Uint8Array = new Uint8Array(32);

/** What is hashed after the hash of the record before: the position and the entry, as one text. */
export const linkedText = ({ chain, sequence }: AuditPosition, entry: string): string =>
  `${chain}:${sequence}:${entry}`;

/** The hash of a record: SHA-256 over the one before it and its own text in UTF-8. */
export function linkHash(before: Uint8Array, position: AuditPosition, entry: string): Buffer {
  return createHash('sha256').update(before).update(linkedText(position, entry)).digest();
}

/** The last record of a chain. Whoever noted it can tell later that nothing up to it was taken away. */
export interface AuditHead extends AuditPosition {
  hash: string;
}

export interface AuditFault {
  position: AuditPosition;
  /** What is wrong, for people. */
  reason: string;
}

export interface AuditVerdict {
  records: number;
  heads: AuditHead[];
  /** The first record that is not as it was written, or not where it was. */
  fault: AuditFault | null;
}

/** Records read at a time. */
const PAGE = 1_000;

/**
 * Follows every chain from its first record to its last. Found are records changed, put in or taken out anywhere but at the
 * end; what was cut off the end is found by `noted` heads alone.
 */
export async function verifyAudit(
  trail: Pick<AuditTrail, 'readAudit'>,
  noted: readonly AuditHead[] = [],
): Promise<AuditVerdict> {
  const heads = new Map<number, AuditHead>();
  const wanted = new Map(noted.map((head) => [`${head.chain}:${head.sequence}`, head]));
  let records = 0;
  const verdict = (fault: AuditFault | null) => ({ records, heads: [...heads.values()], fault });
  let after: AuditPosition | null = null;
  for (;;) {
    const page: AuditRecord[] = await trail.readAudit({ after, limit: PAGE });
    for (const record of page) {
      const head = heads.get(record.chain);
      const fault = faultOf(record, head, wanted.get(`${record.chain}:${record.sequence}`));
      if (fault !== null) return verdict(fault);
      heads.set(record.chain, record);
      records += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = { chain: last.chain, sequence: last.sequence };
  }
  const lost = noted.find(({ chain, sequence }) => (heads.get(chain)?.sequence ?? 0) < sequence);
  return verdict(
    lost ? { position: lost, reason: 'it was noted as the head, and is not there any more' } : null,
  );
}

function faultOf(
  record: AuditRecord,
  head: AuditHead | undefined,
  noted: AuditHead | undefined,
): AuditFault | null {
  const { chain, sequence } = record;
  const position = { chain, sequence: (head?.sequence ?? 0) + 1 };
  if (sequence !== position.sequence) return { position, reason: 'it is missing' };
  const before = head === undefined ? GENESIS : Buffer.from(head.hash, 'hex');
  if (linkHash(before, position, record.entry).toString('hex') !== record.hash) {
    return { position, reason: 'it is not as it was written, or one before it is not' };
  }
  if (noted !== undefined && noted.hash !== record.hash) {
    return { position, reason: 'it is not the record that was noted as the head' };
  }
  return null;
}
