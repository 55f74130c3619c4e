import { DAY } from '../../lib/time.js';
import type { Actor, AuditPosition, AuditRecord, AuditTrail } from '../../store/contract/audit.js';
import { PROGRAM } from '../../store/contract/audit.js';
import type { AuditHead } from '../../store/rows/audit-chain.js';
import { type CutSigner, signedCut } from './signature.js';

/** Records examined in one step. */
const STEP = 500;
/** A chain is cut for fewer records than one step if its oldest record is overdue by this time, in ms. */
const SLACK = DAY;

/** Time of a record in ms since the epoch; NaN for a damaged entry. */
function timeOf({ entry }: AuditRecord): number {
  return Date.parse(/^\{"at":"([^"]{20,30})"/.exec(entry)?.[1] ?? '');
}

interface CutOptions {
  trail: AuditTrail;
  program: 'ra' | 'ca';
  signer(): CutSigner;
  clock(): number;
}

/** Cuts chains at signed heads, and deletes the records before them. */
export class AuditCutter {
  constructor(private readonly options: CutOptions) {}

  /**
   * Cuts each chain after its oldest records from before `before`, up to some hundred; true if there may be more. A few records stay
   * for a day, because each cut adds a record itself.
   */
  async step(before: number): Promise<boolean> {
    const { trail } = this.options;
    const cuts = await trail.auditCuts();
    let more = (await trail.trimAudit(STEP)) === STEP;
    for (const end of await trail.auditEnds()) {
      const from = cuts.find(({ chain }) => chain === end.chain)?.sequence ?? 0;
      const page = await trail.readAudit({ after: { chain: end.chain, sequence: from }, limit: STEP });
      const old = oldestOf(page, end, before);
      const last = old.at(-1);
      if (last === undefined) continue;
      const isWorthIt = old.length === STEP || old.some((record) => timeOf(record) < before - SLACK);
      if (!isWorthIt) continue;
      await this.cut([last], PROGRAM);
      await trail.trimAudit(STEP);
      more = true;
    }
    return more;
  }

  /** Cuts the chains after these records, and records it in the log. @throws Error after a concurrent cut */
  async cut(heads: readonly AuditHead[], by: Actor): Promise<void> {
    const { trail, program, signer, clock } = this.options;
    for (const head of heads) {
      const now = clock();
      if (!(await trail.cutAudit(await signedCut(program, head, signer(), now)))) {
        throw new Error(
          `the audit log could not be cut after ${head.chain}:${head.sequence}: it was cut meanwhile`,
        );
      }
      const { chain, sequence, hash } = head;
      await trail.appendAudit({
        ...{ at: now, who: by.who, from: by.from },
        action: 'audit.cut',
        outcome: 'success',
        details: { chain, sequence, hash },
      });
    }
  }

  /** Deletes all records before the cuts, in steps; resolves with their number. */
  async trim(): Promise<number> {
    let gone = 0;
    for (;;) {
      const step = await this.options.trail.trimAudit(STEP);
      gone += step;
      if (step < STEP) return gone;
    }
  }
}

/** The first records of a page that are of one chain and from before `before`, without the last record of the chain. */
export function oldestOf(page: readonly AuditRecord[], end: AuditPosition, before: number): AuditRecord[] {
  const young = page.findIndex(
    (record) => record.chain !== end.chain || record.sequence >= end.sequence || !(timeOf(record) < before),
  );
  return young === -1 ? [...page] : page.slice(0, young);
}

/** The number of records from before `before` that may be deleted. Reads all of them. */
export async function countOld(
  trail: Pick<AuditTrail, 'auditCuts' | 'auditEnds' | 'readAudit'>,
  before: number,
): Promise<number> {
  const cuts = await trail.auditCuts();
  let count = 0;
  for (const end of await trail.auditEnds()) {
    let sequence = cuts.find(({ chain }) => chain === end.chain)?.sequence ?? 0;
    for (;;) {
      const after = { chain: end.chain, sequence };
      const old = oldestOf(await trail.readAudit({ after, limit: STEP }), end, before);
      count += old.length;
      if (old.length < STEP) break;
      sequence += old.length;
    }
  }
  return count;
}
