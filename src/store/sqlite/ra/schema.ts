import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import { LEASES_SCHEMA, SETTINGS_SCHEMA } from '../settings.js';
import { ACTIVITY_SCHEMA } from './activity.js';
import { ALLOWANCES_SCHEMA } from './allowances.js';
import { NOTICES_SCHEMA } from './notices.js';
import { OTHER_CERTIFICATES_SCHEMA } from './other-certificates.js';

/**
 * The RA's tables. Ids begin with the time, so rows in id order (WITHOUT ROWID) are appended. Indexes over
 * unfinished rows are partial, and stay small however many certificates there are. Orders and authorizations
 * have no foreign keys between them: purging an order would need an index on its children that nothing else
 * uses; it deletes the ids that the order lists.
 */
export const raMigrations: readonly string[] = [
  `
  ${SETTINGS_SCHEMA}
  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    thumbprint TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    contact TEXT NOT NULL,
    terms_agreed_at INTEGER,
    external_account TEXT,
    created_at INTEGER NOT NULL,
    deactivated_at INTEGER,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    identifiers TEXT NOT NULL,
    authorization_ids TEXT NOT NULL,
    profile TEXT NOT NULL,
    not_before INTEGER,
    not_after INTEGER,
    replaces TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    csr BLOB,
    deferred INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    certificate_id TEXT,
    -- Set while a finalize is unfinished: end of its lease, or when to try again.
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX orders_by_account ON orders (account_id, id);
  CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX orders_idle ON orders (expires_at) WHERE certificate_id IS NULL AND due_at IS NULL;

  CREATE TABLE authorizations (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    order_id TEXT,
    -- type ':' value, the value with its '*.' for a wildcard
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    deactivated_at INTEGER,
    revoked_at INTEGER,
    token TEXT NOT NULL,
    challenges TEXT NOT NULL,
    -- 'open' until a challenge ended or the authorization was ended; then 'valid' or 'ended'
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX authorizations_open_by_token ON authorizations (token) WHERE state = 'open';
  CREATE INDEX authorizations_valid ON authorizations (account_id, name, (order_id IS NULL), expires_at)
    WHERE state = 'valid';
  CREATE INDEX authorizations_without_order ON authorizations (expires_at) WHERE order_id IS NULL;

  -- Challenges answered and not ended, with the end of their lease or when to try again.
  CREATE TABLE open_validations (
    authorization_id TEXT NOT NULL,
    type TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (authorization_id, type)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_validations_due ON open_validations (due_at);

  -- Rows are larger than what a WITHOUT ROWID table keeps in its leaves. A lookup by ARI id goes by the serial in it.
  CREATE TABLE certificates (
    id TEXT NOT NULL UNIQUE,
    order_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    serial TEXT NOT NULL UNIQUE,
    ari_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    chain TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    revoked_at INTEGER,
    revocation_reason INTEGER,
    replaced_by TEXT
  ) STRICT;
  `,
  AUDIT_SCHEMA,
  `
  -- A node and the one use of its latest seed.
  CREATE TABLE nodes (
    cn TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    names TEXT NOT NULL,
    profile TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    registered_by TEXT NOT NULL,
    removing_at INTEGER,
    enrolment_id TEXT NOT NULL UNIQUE,
    seed_hash TEXT NOT NULL UNIQUE,
    seed_expires_at INTEGER NOT NULL,
    claimed_at INTEGER,
    claimed_key TEXT,
    serial TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE node_certificates (
    serial TEXT PRIMARY KEY,
    node_id TEXT NOT NULL,
    not_after INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX node_certificates_by_node ON node_certificates (node_id, not_after);

  ALTER TABLE authorizations ADD COLUMN proven_by TEXT;
  CREATE INDEX authorizations_by_node ON authorizations (proven_by) WHERE proven_by IS NOT NULL;
  `,
  `
  -- Since when an account has had no certificate; null once it has had one.
  ALTER TABLE accounts ADD COLUMN unused_since INTEGER;
  UPDATE accounts SET unused_since = created_at WHERE id NOT IN (SELECT account_id FROM certificates);
  CREATE INDEX accounts_unused ON accounts (unused_since) WHERE unused_since IS NOT NULL;
  CREATE INDEX authorizations_by_account ON authorizations (account_id);
  `,
  `
  -- The node whose key bound the account; when it was last used, and from where.
  ALTER TABLE accounts ADD COLUMN node_id TEXT;
  ALTER TABLE accounts ADD COLUMN used_at INTEGER;
  ALTER TABLE accounts ADD COLUMN used_from TEXT;
  CREATE INDEX accounts_by_node ON accounts (node_id, id) WHERE node_id IS NOT NULL;

  -- What a node may order over ACME besides its names, and the key that binds accounts to it.
  ALTER TABLE nodes ADD COLUMN patterns TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE nodes ADD COLUMN challenges_waived INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE nodes ADD COLUMN key_id TEXT;
  ALTER TABLE nodes ADD COLUMN sealed_key TEXT;
  ALTER TABLE nodes ADD COLUMN key_expires_at INTEGER;
  ALTER TABLE nodes ADD COLUMN key_once INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE nodes ADD COLUMN key_used_at INTEGER;
  CREATE UNIQUE INDEX nodes_by_key ON nodes (key_id) WHERE key_id IS NOT NULL;

  CREATE TABLE failures (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    step TEXT NOT NULL,
    account_id TEXT,
    why TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX failures_by_name ON failures (name, id);
  CREATE INDEX failures_by_account ON failures (account_id, id) WHERE account_id IS NOT NULL;
  `,
  NOTICES_SCHEMA,
  `
  ${LEASES_SCHEMA}
  CREATE INDEX certificates_by_end ON certificates (not_after);
  CREATE INDEX certificates_by_account ON certificates (account_id);
  CREATE INDEX node_certificates_by_end ON node_certificates (not_after);
  `,
  ALLOWANCES_SCHEMA,
  OTHER_CERTIFICATES_SCHEMA,
  AUDIT_CUTS_SCHEMA,
  ACTIVITY_SCHEMA,
];
