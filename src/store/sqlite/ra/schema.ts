import * as ra from '../../rows/ra/schema.js';
import { LEASES, SETTINGS } from '../../rows/schema.js';
import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import { sqliteSchema } from '../shared.js';

/** The RA's tables. */
export const raMigrations: readonly string[] = [
  sqliteSchema(SETTINGS, ra.FIRST),
  AUDIT_SCHEMA,
  sqliteSchema(ra.NODES),
  sqliteSchema(ra.UNUSED_ACCOUNTS),
  sqliteSchema(ra.BOUND_ACCOUNTS),
  sqliteSchema(ra.NOTICES),
  sqliteSchema(LEASES, ra.INDEXES_BY_END),
  `
  -- How much of each limit is used, as the time when it is unused again; written when the RA stops.
  CREATE TABLE allowances (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX allowances_until ON allowances (until);
  `,
  sqliteSchema(ra.OTHER_CERTIFICATES),
  AUDIT_CUTS_SCHEMA,
  sqliteSchema(ra.ACTIVITY),
];
