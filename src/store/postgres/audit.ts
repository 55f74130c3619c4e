import { AUDIT, AUDIT_CUT, type AuditCutRow, type AuditOperations, type AuditRow } from '../rows/audit.js';
import type { Database, SqlValue } from './database.js';
import type { PostgresOperations } from './operations.js';

/**
 * The audit log; the same in both schemas. The head of a chain is locked from a record to its commit, so up
 * to sixteen writers have a chain each and do not wait; chain 0 is SQLite's, when it was copied from there.
 */
const CHAINS = 16;

/**
 * The part of a statement that appends an entry for the row of the CTE `done`, which has at most one: both are
 * stored, or neither. `entry` is the parameter with its text.
 */
export function audited(done: string, entry: string): string {
  const hashed = (before: string, chain: string, sequence: string) =>
    `sha256(${before} || convert_to(${chain}::text || ':' || ${sequence}::text || ':' || ${entry}::text, 'UTF8'))`;
  const chain = `(pg_backend_pid() % ${CHAINS} + 1)`;
  return `
    head AS (
      INSERT INTO audit_heads AS heads (chain, sequence, hash)
      SELECT ${chain}, 1, ${hashed(`decode(repeat('00', 32), 'hex')`, chain, '1')} FROM ${done}
      ON CONFLICT (chain) DO UPDATE
      SET sequence = heads.sequence + 1, hash = ${hashed('heads.hash', 'heads.chain', '(heads.sequence + 1)')}
      RETURNING chain, sequence, hash
    ),
    logged AS (
      INSERT INTO audit (${AUDIT}) SELECT chain, sequence, ${entry}::text, hash FROM head
    )`;
}

/** Runs a statement that changes at most one row and, when it does, appends the entry. Returns whether it did. */
export async function runAudited(
  db: Database,
  entry: string,
  statement: string,
  ...values: SqlValue[]
): Promise<boolean> {
  const row = await db.get<[changed: boolean]>(
    `WITH done AS (${statement} RETURNING 1),
     ${audited('done', `$${values.length + 1}`)}
     SELECT EXISTS (SELECT FROM done)`,
    ...values,
    entry,
  );
  return row?.[0] ?? false;
}

export const auditOperations: PostgresOperations<AuditOperations> = {
  async appendAudit(db, entry) {
    await db.run(`WITH done AS (SELECT 1), ${audited('done', '$1')} SELECT`, entry);
  },
  readAudit: (db, after, limit) =>
    db.all<AuditRow>(
      `SELECT ${AUDIT} FROM audit WHERE (chain, sequence) > ($1, $2) ORDER BY chain, sequence LIMIT $3`,
      after?.chain ?? 0,
      after?.sequence ?? 0,
      limit,
    ),
  auditEnds: (db) =>
    // Chain 0 was copied from SQLite: nothing is appended to it, and it has no head.
    db.all<[number, number]>(
      `SELECT * FROM (SELECT chain, sequence FROM audit WHERE chain = 0 ORDER BY sequence DESC LIMIT 1) AS copied
       UNION ALL SELECT chain, sequence FROM audit_heads ORDER BY chain`,
    ),
  auditCuts: (db) => db.all<AuditCutRow>(`SELECT ${AUDIT_CUT} FROM audit_cuts ORDER BY chain`),
  cutAudit: async (db, row) =>
    (await db.get(
      `INSERT INTO audit_cuts (${AUDIT_CUT})
       SELECT $1::integer, $2::bigint, $3::bytea, $4::bigint, $5::text, $6::bytea
       WHERE EXISTS (SELECT FROM audit WHERE chain = $1 AND sequence = $2 AND hash = $3)
         AND EXISTS (SELECT FROM audit WHERE chain = $1 AND sequence > $2)
       ON CONFLICT (chain) DO UPDATE
       SET sequence = excluded.sequence, hash = excluded.hash, at = excluded.at,
           certificate = excluded.certificate, signature = excluded.signature
       WHERE audit_cuts.sequence < excluded.sequence RETURNING 1`,
      ...row,
    )) !== undefined,
  trimAudit: (db, limit) =>
    db.run(
      `DELETE FROM audit WHERE (chain, sequence) IN (
         SELECT old.chain, old.sequence FROM audit_cuts CROSS JOIN LATERAL (
           SELECT chain, sequence FROM audit
           WHERE chain = audit_cuts.chain AND sequence <= audit_cuts.sequence ORDER BY sequence LIMIT $1
         ) AS old LIMIT $1)`,
      limit,
    ),
};

export const AUDIT_SCHEMA = `
  CREATE TABLE audit (
    chain INTEGER NOT NULL,
    sequence BIGINT NOT NULL,
    entry TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (chain, sequence)
  );
  CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
  CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
  CREATE TABLE audit_heads (
    chain INTEGER PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
  );
`;

/** The cuts of the chains: records before a cut may be deleted. */
export const AUDIT_CUTS_SCHEMA = `
  CREATE TABLE audit_cuts (
    chain INTEGER PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    signature BYTEA NOT NULL
  );
  CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
    $$ BEGIN
      IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT FROM audit_cuts WHERE chain = OLD.chain AND sequence >= OLD.sequence) THEN RETURN OLD; END IF;
      END IF;
      RAISE EXCEPTION 'the audit log is append-only';
    END $$;
  CREATE FUNCTION refuse_cut_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF NEW.sequence > OLD.sequence THEN RETURN NEW; END IF;
      END IF;
      RAISE EXCEPTION 'the audit log is append-only';
    END $$;
  CREATE TRIGGER audit_cuts_go_forward BEFORE UPDATE OR DELETE ON audit_cuts
    FOR EACH ROW EXECUTE FUNCTION refuse_cut_change();
`;
