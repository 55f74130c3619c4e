import {
  type Actor,
  type AuditCut,
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
  auditCuts(): AuditCutRow[];
  cutAudit(row: AuditCutRow): boolean;
  trimAudit(limit: number): number;
}

/** The audit log of a store. */
export function auditTrailOver(database: Pick<Calls<AuditOperations>, 'call'>): AuditTrail {
  return {
    appendAudit: (entry) => database.call('appendAudit', auditText(entry)),
    readAudit: async ({ after, limit }) => (await database.call('readAudit', after, limit)).map(auditFromRow),
    auditEnds: async () =>
      (await database.call('auditEnds')).map(([chain, sequence]) => ({ chain, sequence })),
    auditCuts: async () => (await database.call('auditCuts')).map(cutFromRow),
    cutAudit: (cut) => database.call('cutAudit', cutRow(cut)),
    trimAudit: (limit) => database.call('trimAudit', limit),
  };
}

export const AUDIT = 'chain, sequence, entry, hash';

export type AuditRow = [chain: number, sequence: number, entry: string, hash: Uint8Array];

export function auditFromRow([chain, sequence, entry, hash]: AuditRow): AuditRecord {
  return { chain, sequence, entry, hash: Buffer.from(hash).toString('hex') };
}

export const AUDIT_CUT = 'chain, sequence, hash, at, certificate, signature';

export type AuditCutRow = [
  chain: number,
  sequence: number,
  hash: Uint8Array,
  at: number,
  certificate: string,
  signature: Uint8Array,
];

function cutRow({ chain, sequence, hash, at, certificate, signature }: AuditCut): AuditCutRow {
  return [chain, sequence, Buffer.from(hash, 'hex'), at, certificate, Buffer.from(signature, 'base64')];
}

export function cutFromRow([chain, sequence, hash, at, certificate, signature]: AuditCutRow): AuditCut {
  return {
    ...{ chain, sequence, at, certificate },
    hash: Buffer.from(hash).toString('hex'),
    signature: Buffer.from(signature).toString('base64'),
  };
}

/** Longest stored text of one value, so that outside input does not fill the disk. */
const MAX_TEXT = 1_024;

type Details = Record<string, string | number | null>;

/** The text of an entry, as it is stored and hashed; null details are left out. */
function auditText({
  at,
  who,
  from,
  action,
  outcome,
  details,
}: Omit<AuditEntry, 'details'> & { details: Details }): string {
  const bounded: Details = {};
  for (const [name, value] of Object.entries(details)) {
    if (value !== null) bounded[name] = typeof value === 'string' ? value.slice(0, MAX_TEXT) : value;
  }
  return JSON.stringify({
    at: new Date(at).toISOString(),
    who: who.slice(0, MAX_TEXT),
    from: from.slice(0, MAX_TEXT),
    action,
    outcome,
    details: bounded,
  });
}

/** The text of a successful action. */
export function doneText(action: string, details: Details, { who, from }: Actor = PROGRAM): string {
  return auditText({ at: Date.now(), who, from, action, outcome: 'success', details });
}
