import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { jsonOrNull } from '../../lib/json.js';
import type { AuditCut, AuditTrail } from '../../store/contract/audit.js';
import { AuditCheck, type AuditHead } from '../../store/rows/audit-chain.js';
import { oldestOf } from './cut.js';
import { type CutSigner, cutFault, signedCut } from './signature.js';

/**
 * An archive of audit logs: JSON, one value a line. For each log it has a line with the beginnings of its
 * chains, the records, and a line with the signed heads at which the log was cut.
 */

const PAGE = 1_000;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const head = z.object({ chain: z.number().int().min(0), sequence: z.number().int().min(1), hash });
const cut = head.extend({ at: z.number(), certificate: z.string(), signature: z.string() });
const program = z.enum(['ra', 'ca']);
const line = z.union([
  z.object({ upki_audit_archive: z.literal(1), program, before: z.string(), from: z.array(head) }),
  z.object({ program, to: z.array(cut) }),
  head.extend({ entry: z.string() }),
]);

export interface ArchiveOptions {
  trail: AuditTrail;
  program: 'ra' | 'ca';
  /** Records from before this time, in ms since the epoch. */
  before: number;
  signer: CutSigner;
  clock(): number;
}

/** Writes the oldest records of a log to an open file. Returns where the chains can be cut now; empty if no record is that old. */
export async function writeArchive(file: FileHandle, options: ArchiveOptions): Promise<AuditCut[]> {
  const { trail, before, signer, clock } = options;
  const put = (value: object) => file.writeFile(`${JSON.stringify(value)}\n`);
  const from = (await trail.auditCuts()).map(({ chain, sequence, hash }) => ({ chain, sequence, hash }));
  await put({
    upki_audit_archive: 1,
    program: options.program,
    before: new Date(before).toISOString(),
    from,
  });
  const to: AuditCut[] = [];
  for (const end of await trail.auditEnds()) {
    let last: AuditHead = from.find(({ chain }) => chain === end.chain) ?? { ...end, sequence: 0, hash: '' };
    const began = last.sequence;
    for (;;) {
      const after = { chain: end.chain, sequence: last.sequence };
      const old = oldestOf(await trail.readAudit({ after, limit: PAGE }), end, before);
      for (const { chain, sequence, entry, hash } of old) await put({ chain, sequence, hash, entry });
      last = old.at(-1) ?? last;
      if (old.length < PAGE) break;
    }
    if (last.sequence > began) to.push(await signedCut(options.program, last, signer, clock()));
  }
  await put({ program: options.program, to });
  return to;
}

/** The part of an archive for one log. */
export interface Archived {
  program: 'ra' | 'ca';
  records: number;
  /** The start of its chains: the heads of the previous archive. */
  from: AuditHead[];
  to: AuditCut[];
}

/** The file is damaged, or not an archive; the message names the line. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

/**
 * Verifies every chain of an archive and its signatures.
 * @param noted heads to compare with those in the archive
 * @throws ArchiveError
 */
export async function readArchive(
  path: string,
  noted: readonly (AuditHead & { program: string })[] = [],
): Promise<Archived[]> {
  await (await open(path)).close();
  const ownOf = (name: string) => noted.filter((each) => each.program === name);
  const logs: Archived[] = [];
  let begun: { program: 'ra' | 'ca'; from: AuditHead[]; check: AuditCheck } | null = null;
  let number = 0;
  for await (const text of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number += 1;
    const bad = (why: string) => new ArchiveError(`${path}, line ${number}: ${why}`);
    const read = line.safeParse(jsonOrNull(text));
    if (!read.success) throw bad('it is no line of an archive of audit records');
    const { data } = read;
    if ('from' in data) {
      if (begun !== null) throw bad('the part before it has no end');
      begun = {
        program: data.program,
        from: data.from,
        check: new AuditCheck(ownOf(data.program), data.from),
      };
    } else if (begun === null) {
      throw bad('it belongs to no log');
    } else if ('entry' in data) {
      const fault = begun.check.add([data]);
      if (fault !== null)
        throw bad(`record ${fault.position.chain}:${fault.position.sequence}: ${fault.reason}`);
    } else {
      const { program, from, check } = begun;
      const why = endFault(program, data, check, from);
      if (why !== null) throw bad(why);
      logs.push({ program, records: check.records, from, to: data.to });
      begun = null;
    }
  }
  if (begun !== null || logs.length === 0)
    throw new ArchiveError(`${path}: it was cut off, or is no archive`);
  return logs;
}

function endFault(
  program: 'ra' | 'ca',
  end: { program: string; to: AuditCut[] },
  check: AuditCheck,
  from: readonly AuditHead[],
): string | null {
  if (end.program !== program) return 'it ends another log';
  const heads = check.heads().filter((each) => !from.some((begin) => isSame(begin, each)));
  if (heads.length !== end.to.length || !heads.every((each) => end.to.some((to) => isSame(to, each)))) {
    return 'the records before it do not end where it says';
  }
  for (const to of end.to) {
    const fault = cutFault(program, to, null);
    if (fault !== null) return `${to.chain}:${to.sequence}: ${fault}`;
  }
  return null;
}

const isSame = (one: AuditHead, other: AuditHead) =>
  one.chain === other.chain && one.sequence === other.sequence && one.hash === other.hash;

/**
 * Checks that chains that begin at `from` continue where `to` ended: a sentence about the fault, or null. Chains that `to` does not
 * name had not been cut yet.
 */
export function joinFault(to: readonly AuditHead[], from: readonly AuditHead[]): string | null {
  for (const end of to) {
    if (from.some((begin) => isSame(begin, end))) continue;
    const begin = from.find(({ chain }) => chain === end.chain);
    const where = begin === undefined ? 'at its first record' : `after ${begin.chain}:${begin.sequence}`;
    return `chain ${end.chain} ends after ${end.chain}:${end.sequence}, and what comes next begins ${where}`;
  }
  return null;
}
