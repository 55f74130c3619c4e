import type { AuditPosition, AuditRecord, AuditTrail } from '../store/contract/audit.js';

interface AuditPage {
  /** Newest first: within a chain by sequence, between chains by time. */
  records: AuditRecord[];
  /** The start of the next page in each chain; empty at the end. */
  next: AuditPosition[];
}

/** Reads the audit log backwards, newest first. A page reads a few hundred rows, also of a long log. */
export class AuditReader {
  constructor(private readonly trail: Pick<AuditTrail, 'readAudit' | 'auditEnds' | 'auditCuts'>) {}

  /** The last record of each chain. @throws StoreUnavailable */
  ends(): Promise<AuditPosition[]> {
    return this.trail.auditEnds();
  }

  /** For each chain whose beginning was removed, the record it begins after. @throws StoreUnavailable */
  async cuts(): Promise<(AuditPosition & { hash: string })[]> {
    return (await this.trail.auditCuts()).map(({ chain, sequence, hash }) => ({ chain, sequence, hash }));
  }

  /**
   * @param from the newest requested record of each chain: `next` of the previous page, or `ends`
   * @throws StoreUnavailable
   */
  async newest(from: readonly AuditPosition[], limit: number): Promise<AuditPage> {
    const chains = await Promise.all(from.map((end) => this.#backwards(end, limit)));
    const taken = chains.map(() => 0);
    const records: AuditRecord[] = [];
    while (records.length < limit) {
      const chain = newestOf(chains.map((of, index) => of[taken[index] ?? 0]));
      const record = chain === -1 ? undefined : chains[chain]?.[taken[chain] ?? 0];
      if (record === undefined) break;
      taken[chain] = (taken[chain] ?? 0) + 1;
      records.push(record);
    }
    const next = from
      .map(({ chain, sequence }, index) => ({ chain, sequence: sequence - (taken[index] ?? 0) }))
      .filter(({ sequence }, index) => sequence > 0 && (chains[index]?.length ?? 0) > 0);
    return { records, next };
  }

  async #backwards({ chain, sequence }: AuditPosition, limit: number): Promise<AuditRecord[]> {
    const after = { chain, sequence: Math.max(0, sequence - limit) };
    const records = await this.trail.readAudit({ after, limit: sequence - after.sequence });
    return records.filter((record) => record.chain === chain && record.sequence <= sequence).reverse();
  }
}

/** The chain whose next record is the newest; -1 when all are at their end. */
function newestOf(heads: readonly (AuditRecord | undefined)[]): number {
  let newest = -1;
  let latest = '';
  for (const [index, head] of heads.entries()) {
    if (head === undefined) continue;
    const at = timeOf(head.entry);
    if (newest === -1 || at > latest) [newest, latest] = [index, at];
  }
  return newest;
}

/** RFC 3339 in UTC sorts as text. Empty for a record that is no valid entry. */
function timeOf(entry: string): string {
  return /^\{"at":"([^"]{20,30})"/.exec(entry)?.[1] ?? '';
}
