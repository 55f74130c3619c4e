/** The actor of an action, for the audit log. */
export interface Actor {
  /** A DN, an account, a program and its name. */
  who: string;
  /** A network address, or the channel the request came by. */
  from: string;
}

/** The actor of actions that no client or operator requested. */
export const PROGRAM: Actor = { who: 'upki', from: 'local' };

export interface AuditEntry extends Actor {
  /** Milliseconds since the epoch. */
  at: number;
  /** Noun and verb: `certificate.issue`. */
  action: string;
  /** `success`, or the code of the refusal. */
  outcome: string;
  /** The object of the action. */
  details: Record<string, string | number>;
}

/**
 * The position of a record. SQLite has only chain 0; databases with many writers have several chains, so that
 * no writer waits.
 */
export interface AuditPosition {
  chain: number;
  /** From 1, without a gap. */
  sequence: number;
}

export interface AuditRecord extends AuditPosition {
  /** JSON of an AuditEntry: the exact text that was hashed. */
  entry: string;
  /** SHA-256, lower-case hex (see audit-chain.ts). */
  hash: string;
}

/**
 * The new beginning of a chain: this record and those before it were archived, or are past their retention. Signed by
 * the program.
 */
export interface AuditCut extends AuditPosition {
  /** The hash of that record, as in AuditRecord. */
  hash: string;
  /** When it was cut, in ms since the epoch. */
  at: number;
  /** PEM of the signer's certificate, then those of its issuers up to the root. */
  certificate: string;
  /** The signature over `cutText`, base64. */
  signature: string;
}

/** An append-only log in chains of records. Part of both stores. */
export interface AuditTrail {
  appendAudit(entry: AuditEntry): Promise<void>;
  /** At most `limit` records after a position, by chain and sequence. */
  readAudit(page: { after: AuditPosition | null; limit: number }): Promise<AuditRecord[]>;
  /** The cuts, by chain. Records behind a cut are read until they are trimmed. */
  auditCuts(): Promise<AuditCut[]>;
  /**
   * Cuts a chain at a record. False when the record is absent, has another hash, is the last of its chain, or
   * is behind a cut already.
   */
  cutAudit(cut: AuditCut): Promise<boolean>;
  /** Deletes at most `limit` records behind the cuts; resolves with how many. */
  trimAudit(limit: number): Promise<number>;
  /** The last record of each chain, by chain. */
  auditEnds(): Promise<AuditPosition[]>;
}
