import { createHash } from 'node:crypto';
import type { AuditPosition, AuditRecord, AuditTrail } from '../contract/audit.js';

/** The hash before the first record of a chain. */
export const GENESIS: Uint8Array = new Uint8Array(32);

/** The text that is hashed after the previous record's hash: the position and the entry. */
const linkedText = ({ chain, sequence }: AuditPosition, entry: string): string =>
  `${chain}:${sequence}:${entry}`;

/** The hash of a record: SHA-256 over the previous hash and the record's own text in UTF-8. */
export function linkHash(before: Uint8Array, position: AuditPosition, entry: string): Buffer {
  return createHash('sha256').update(before).update(linkedText(position, entry)).digest();
}

/** The text that the program signs when it cuts a chain at a record. */
export const cutText = (program: 'ra' | 'ca', { chain, sequence, hash }: AuditHead): string =>
  `uPKI cuts the audit log of the ${program.toUpperCase()} after ${chain}:${sequence}:${hash}`;

/** The last record of a chain. Who notes it can later prove that nothing before it was removed. */
export interface AuditHead extends AuditPosition {
  hash: string;
}

export interface AuditFault {
  position: AuditPosition;
  /** The fault, for people. */
  reason: string;
}

export interface AuditVerdict {
  records: number;
  heads: AuditHead[];
  /** The first record that was changed or moved. */
  fault: AuditFault | null;
}

/** Records read at a time. */
const PAGE = 1_000;

/** Verifies the chains of a log page by page, each from its cut. `noted`: heads that existed before. */
export class AuditCheck {
  readonly #heads = new Map<number, AuditHead>();
  readonly #begin: ReadonlyMap<number, AuditHead>;
  readonly #wanted: Map<string, AuditHead>;
  #records = 0;

  constructor(
    private readonly noted: readonly AuditHead[],
    cuts: readonly AuditHead[] = [],
  ) {
    for (const { chain, sequence, hash } of cuts) this.#heads.set(chain, { chain, sequence, hash });
    this.#begin = new Map(this.#heads);
    this.#wanted = new Map(noted.map((head) => [`${head.chain}:${head.sequence}`, head]));
  }

  get records(): number {
    return this.#records;
  }

  heads(): AuditHead[] {
    return [...this.#heads.values()].map(({ chain, sequence, hash }) => ({ chain, sequence, hash }));
  }

  /** Takes the next records; returns the first fault. */
  add(page: readonly AuditRecord[]): AuditFault | null {
    for (const record of page) {
      // Behind a cut, and not trimmed yet.
      if (record.sequence <= (this.#begin.get(record.chain)?.sequence ?? 0)) continue;
      const head = this.#heads.get(record.chain);
      const fault = faultOf(record, head, this.#wanted.get(`${record.chain}:${record.sequence}`));
      if (fault !== null) return fault;
      this.#heads.set(record.chain, record);
      this.#records += 1;
    }
    return null;
  }

  /** After the last record: whether the noted heads still exist. */
  end(): AuditFault | null {
    for (const { chain, sequence, hash } of this.noted) {
      const position = { chain, sequence };
      if ((this.#heads.get(chain)?.sequence ?? 0) < sequence) {
        return { position, reason: 'it was noted as the head, and is not there any more' };
      }
      const begin = this.#begin.get(chain);
      if (begin?.sequence === sequence && begin.hash !== hash) {
        return { position, reason: 'it is not the record that was noted as the head' };
      }
    }
    return null;
  }
}

/**
 * Verifies every chain from its first record to its last. It finds records that were changed, inserted or
 * removed anywhere but at the end; records cut off the end are found only by `noted` heads.
 */
export async function verifyAudit(
  trail: Pick<AuditTrail, 'readAudit' | 'auditCuts'>,
  noted: readonly AuditHead[] = [],
): Promise<AuditVerdict> {
  const check = new AuditCheck(noted, await trail.auditCuts());
  const verdict = (fault: AuditFault | null) => ({ records: check.records, heads: check.heads(), fault });
  let after: AuditPosition | null = null;
  for (;;) {
    const page: AuditRecord[] = await trail.readAudit({ after, limit: PAGE });
    const fault = check.add(page);
    if (fault !== null) return verdict(fault);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = { chain: last.chain, sequence: last.sequence };
  }
  return verdict(check.end());
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
    return { position, reason: 'its hash is wrong: it was changed, or the record before it was' };
  }
  if (noted !== undefined && noted.hash !== record.hash) {
    return { position, reason: 'it is not the record that was noted as the head' };
  }
  return null;
}
