import { AUDIT, type AuditOperations, type AuditRow } from '../rows/audit.js';
import type { Database, SqlValue } from './database.js';
import type { PostgresOperations } from './operations.js';

/**
 * The audit log; the same in both schemas. A chain's head is locked from a record to its commit, so each of up to sixteen
 * writers has a chain of its own and waits for nobody; chain 0 is that of SQLite, when it was copied from there.
 */
const CHAINS = 16;

/**
 * The part of a statement that appends an entry for each row of the CTE `done`, of which there is at most one: both are kept,
 * or neither. `entry` is the parameter with its text.
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

/** Runs a statement that changes at most one row and, when it does, appends the entry; tells whether it did. */
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
  auditEnds: (db) => db.all<[number, number]>('SELECT chain, sequence FROM audit_heads ORDER BY chain'),
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
