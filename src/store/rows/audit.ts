import {
  type Actor,
  type AuditEntry,
  type AuditPosition,
  type AuditRecord,
  type AuditTrail,
  PROGRAM,
} from '../contract/audit.js';
import type { Calls } from './calls.js';

/** The audit log by rows; the same in both schemas. */
export interface AuditOperations {
  appendAudit(entry: string): void;
  readAudit(after: AuditPosition | null, limit: number): AuditRow[];
  auditEnds(): [chain: number, sequence: number][];
}

/** The audit log of a store. */
export function auditTrailOver(database: Pick<Calls<AuditOperations>, 'call'>): AuditTrail {
  return {
    appendAudit: (entry) => database.call('appendAudit', auditText(entry)),
    readAudit: async ({ after, limit }) => (await database.call('readAudit', after, limit)).map(auditFromRow),
    auditEnds: async () =>
      (await database.call('auditEnds')).map(([chain, sequence]) => ({ chain, sequence })),
  };
}

export const AUDIT = 'chain, sequence, entry, hash';

export type AuditRow = [chain: number, sequence: number, entry: string, hash: Uint8Array];

export function auditFromRow([chain, sequence, entry, hash]: AuditRow): AuditRecord {
  return { chain, sequence, entry, hash: Buffer.from(hash).toString('hex') };
}

/** Longest text kept of one value: what comes from outside does not fill the disk. */
const MAX_TEXT = 1_024;

/** The text of an entry that is kept and hashed. */
export function auditText({ at, who, from, action, outcome, details }: AuditEntry): string {
  const bounded = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.slice(0, MAX_TEXT) : value,
  ]);
  return JSON.stringify({
    at: new Date(at).toISOString(),
    who: who.slice(0, MAX_TEXT),
    from: from.slice(0, MAX_TEXT),
    action,
    outcome,
    details: Object.fromEntries(bounded),
  });
}

/** The text of something done with success; details that are null are left out. */
export function doneText(
  action: string,
  details: Record<string, string | number | null>,
  by: Actor = PROGRAM,
): string {
  const known = Object.entries(details).filter(
    (detail): detail is [string, string | number] => detail[1] !== null,
  );
  const { who, from } = by;
  return auditText({
    at: Date.now(),
    who,
    from,
    action,
    outcome: 'success',
    details: Object.fromEntries(known),
  });
}
