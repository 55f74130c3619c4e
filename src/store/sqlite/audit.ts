import { AUDIT, AUDIT_CUT, type AuditCutRow, type AuditOperations, type AuditRow } from '../rows/audit.js';
import { GENESIS, linkHash } from '../rows/audit-chain.js';
import { read, type SqliteOperations, write } from './protocol.js';
import type { Sql, SqlValue } from './sql.js';

/**
 * The audit log; the same in both schemas. One writer at a time needs one growing chain; others were copied from
 * PostgreSQL.
 */

const CHAIN = 0;

/** Runs within the operation that it records, so that both are committed or neither. */
export function append(sql: Sql, entry: string): void {
  const [last, before] = sql.get<[sequence: number, hash: Uint8Array]>(
    'SELECT sequence, hash FROM audit WHERE chain = ? ORDER BY sequence DESC LIMIT 1',
    CHAIN,
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

/** Runs a statement and, when it changed something, appends the entry. Returns whether it did. */
export function runAudited(sql: Sql, entry: string, text: string, ...values: SqlValue[]): boolean {
  const changed = sql.run(text, ...values) > 0;
  if (changed) append(sql, entry);
  return changed;
}

export const auditOperations = {
  appendAudit: write(append),
  readAudit: read((sql, after, limit) =>
    sql.all<AuditRow>(
      `SELECT ${AUDIT} FROM audit WHERE (chain, sequence) > (?, ?) ORDER BY chain, sequence LIMIT ?`,
      after?.chain ?? 0,
      after?.sequence ?? 0,
      limit,
    ),
  ),
  auditEnds: read((sql) => {
    const ends: [number, number][] = [];
    for (let chain = -1; ; ) {
      // One chain after another, each by its last record: the log may have millions of records.
      const [next] = sql.get<[next: number | null]>(
        'SELECT min(chain) FROM audit WHERE chain > ?',
        chain,
      ) ?? [null];
      if (next === null) return ends;
      chain = next;
      const last = sql.get<[sequence: number]>('SELECT max(sequence) FROM audit WHERE chain = ?', chain);
      ends.push([chain, last?.[0] ?? 0]);
    }
  }),
  auditCuts: read((sql) => sql.all<AuditCutRow>(`SELECT ${AUDIT_CUT} FROM audit_cuts ORDER BY chain`)),
  cutAudit: write((sql, row) => {
    const [chain, sequence, hash] = row;
    const isThere = sql.get(
      'SELECT 1 FROM audit WHERE chain = ? AND sequence = ? AND hash = ?',
      ...[chain, sequence, hash],
    );
    const isLast = !sql.get('SELECT 1 FROM audit WHERE chain = ? AND sequence > ? LIMIT 1', chain, sequence);
    if (!isThere || isLast) return false;
    return (
      sql.run(
        `INSERT INTO audit_cuts (${AUDIT_CUT}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (chain) DO UPDATE
         SET sequence = excluded.sequence, hash = excluded.hash, at = excluded.at,
             certificate = excluded.certificate, signature = excluded.signature
         WHERE audit_cuts.sequence < excluded.sequence`,
        ...row,
      ) > 0
    );
  }),
  trimAudit: write((sql, limit) => {
    let gone = 0;
    for (const [chain, sequence] of sql.all<[number, number]>('SELECT chain, sequence FROM audit_cuts')) {
      gone += sql.run(
        `DELETE FROM audit WHERE chain = ? AND sequence IN
           (SELECT sequence FROM audit WHERE chain = ? AND sequence <= ? ORDER BY sequence LIMIT ?)`,
        ...[chain, chain, sequence, limit - gone],
      );
    }
    return gone;
  }),
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

/** Several chains, of which one grows and the others were copied from PostgreSQL; and the cuts of chains. */
export const AUDIT_CUTS_SCHEMA = `
  CREATE TABLE audit_chains (
    chain INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    entry TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (chain, sequence)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO audit_chains (chain, sequence, entry, hash) SELECT chain, sequence, entry, hash FROM audit ORDER BY sequence;
  DROP TABLE audit;
  ALTER TABLE audit_chains RENAME TO audit;
  CREATE TABLE audit_cuts (
    chain INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    certificate TEXT NOT NULL,
    signature BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    WHEN NOT EXISTS (SELECT 1 FROM audit_cuts WHERE chain = OLD.chain AND sequence >= OLD.sequence)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_cuts_go_forward BEFORE UPDATE ON audit_cuts WHEN NEW.sequence <= OLD.sequence
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_cuts_stay BEFORE DELETE ON audit_cuts
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;
