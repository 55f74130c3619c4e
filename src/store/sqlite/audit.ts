import type { AuditPosition } from '../contract/audit.js';
import { AUDIT, type AuditOperations, type AuditRow } from '../rows/audit.js';
import { GENESIS, linkHash } from '../rows/audit-chain.js';
import { read, type SqliteOperations, write } from './protocol.js';
import type { Sql, SqlValue } from './sql.js';

/** The audit log; the same in both schemas. There is one writer at a time, hence one chain. */

const CHAIN = 0;

/** Part of the operation whose entry it is: both are kept, or neither. */
export function append(sql: Sql, entry: string): void {
  const [last, before] = sql.get<[sequence: number, hash: Uint8Array]>(
    'SELECT sequence, hash FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)',
  ) ?? [0, GENESIS];
  const sequence = last + 1;
  sql.run(
    `INSERT INTO audit (${AUDIT}) VALUES (?, ?, ?, ?)`,
    CHAIN,
    sequence,
    entry,
    linkHash(before, { chain: CHAIN, sequence }, entry),
  );
}

/** Runs a statement and, when it changed something, appends the entry; tells whether it did. */
export function runAudited(sql: Sql, entry: string, text: string, ...values: SqlValue[]): boolean {
  const changed = sql.run(text, ...values) > 0;
  if (changed) append(sql, entry);
  return changed;
}

export const auditOperations = {
  appendAudit: write(append),
  readAudit: read((sql, after: AuditPosition | null, limit: number): AuditRow[] =>
    sql.all<AuditRow>(
      `SELECT ${AUDIT} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`,
      after?.sequence ?? 0,
      limit,
    ),
  ),
  auditEnds: read((sql): [chain: number, sequence: number][] =>
    sql.all<[number, number]>(
      'SELECT chain, sequence FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)',
    ),
  ),
} satisfies SqliteOperations<AuditOperations>;

export const AUDIT_SCHEMA = `
  CREATE TABLE audit (
    chain INTEGER NOT NULL,
    sequence INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;
