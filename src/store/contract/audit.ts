/** Who does what a store is asked for, in its audit log. */
export interface Actor {
  /** A DN, an account, a program and its name. */
  who: string;
  /** A network address, or the way it came. */
  from: string;
}

/** What happens without anybody asking. */
export const PROGRAM: Actor = { who: 'upki', from: 'local' };

export interface AuditEntry extends Actor {
  /** Milliseconds since the epoch. */
  at: number;
  /** Noun and verb: `certificate.issue`. */
  action: string;
  /** `success`, or the code of the refusal. */
  outcome: string;
  /** What it was done to. */
  details: Record<string, string | number>;
}

/** Where a record stands. SQLite has chain 0 alone; databases with many writers have several, so that none waits. */
export interface AuditPosition {
  chain: number;
  /** From 1, without a gap. */
  sequence: number;
}

export interface AuditRecord extends AuditPosition {
  /** JSON of an AuditEntry, the very text that was hashed. */
  entry: string;
  /** SHA-256, lower-case hex (see audit-chain.ts). */
  hash: string;
}

/** Where a chain begins now: this record and those before it were archived, or kept long enough. Signed by the program. */
export interface AuditCut extends AuditPosition {
  /** Of that record, as in AuditRecord. */
  hash: string;
  /** When it was cut, in ms since the epoch. */
  at: number;
  /** PEM of the signer's certificate, then those of its issuers up to the root. */
  certificate: string;
  /** Over what `cutText` says, base64. */
  signature: string;
}

/** An append-only log; records of a chain follow from each other. Part of both stores. */
export interface AuditTrail {
  appendAudit(entry: AuditEntry): Promise<void>;
  /** At most `limit` records after a position, by chain and sequence. */
  readAudit(page: { after: AuditPosition | null; limit: number }): Promise<AuditRecord[]>;
  /** Where chains were cut, by chain. Records behind a cut are still read until they are trimmed. */
  auditCuts(): Promise<AuditCut[]>;
  /** Cuts a chain; false when that record is not there with that hash, is the last of its chain, or is behind a cut already. */
  cutAudit(cut: AuditCut): Promise<boolean>;
  /** Deletes at most `limit` records behind the cuts; how many. */
  trimAudit(limit: number): Promise<number>;
  /** Where each chain ends, by chain. */
  auditEnds(): Promise<AuditPosition[]>;
}
