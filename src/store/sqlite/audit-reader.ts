import { existsSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';
import type { AuditTrail } from '../contract/audit.js';
import { StoreUnavailable } from '../contract/errors.js';
import { auditFromRow, cutFromRow } from '../rows/audit.js';
import { auditOperations } from './audit.js';
import { Sql } from './sql.js';

/** Opens the audit log of a file read-only: nothing is written, not even a pending migration. */
export interface AuditReader extends Pick<AuditTrail, 'readAudit' | 'auditCuts'> {
  close(): Promise<void>;
}

/**
 * A program that uses the file continues.
 * @throws StoreUnavailable when there is no such file, or no audit log in it
 */
export function openAuditFile(path: string): AuditReader {
  if (!existsSync(path)) throw new StoreUnavailable(`${path}: there is no such file`);
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    // A checkpoint blocks readers for a moment.
    db.exec('PRAGMA busy_timeout = 5000');
    const sql = new Sql(db);
    auditOperations.readAudit.run(sql, null, 0);
    // An earlier version never cut.
    const hasCuts = sql.get("SELECT 1 FROM sqlite_schema WHERE name = 'audit_cuts'") !== undefined;
    return {
      readAudit: async ({ after, limit }) =>
        auditOperations.readAudit.run(sql, after, limit).map(auditFromRow),
      auditCuts: async () => (hasCuts ? auditOperations.auditCuts.run(sql).map(cutFromRow) : []),
      close: async () => db.close(),
    };
  } catch (error) {
    db.close();
    throw new StoreUnavailable(`${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
