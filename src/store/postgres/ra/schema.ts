import * as ra from '../../rows/ra/schema.js';
import { LEASES, SETTINGS } from '../../rows/schema.js';
import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import { postgresSchema } from '../shared.js';

/** The RA's tables. */
export const raMigrations: readonly string[] = [
  postgresSchema(SETTINGS, ra.FIRST),
  `
  -- Not in the write-ahead log: a crash empties both, and standbys do not have them (see nonces.ts).
  CREATE UNLOGGED TABLE nonce_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BYTEA NOT NULL);
  CREATE UNLOGGED TABLE spent_nonces (second BIGINT NOT NULL, id BYTEA NOT NULL, PRIMARY KEY (second, id));
  `,
  AUDIT_SCHEMA,
  postgresSchema(ra.NODES),
  `
  ${postgresSchema(ra.UNUSED_ACCOUNTS)}
  -- How much of each limit is used, as the time when it is unused again. Not in the write-ahead log (see allowances.ts).
  CREATE UNLOGGED TABLE allowances (key TEXT COLLATE "C" PRIMARY KEY, until BIGINT NOT NULL);
  CREATE INDEX allowances_until ON allowances (until);
  `,
  postgresSchema(ra.BOUND_ACCOUNTS),
  postgresSchema(ra.NOTICES),
  postgresSchema(LEASES, ra.INDEXES_BY_END),
  postgresSchema(ra.OTHER_CERTIFICATES),
  AUDIT_CUTS_SCHEMA,
  postgresSchema(ra.ACTIVITY),
];
