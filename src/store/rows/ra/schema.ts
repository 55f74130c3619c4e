/**
 * The steps of the RA's schema that are the same in both databases, in the form of `rows/schema.ts`. A released
 * step is never edited.
 *
 * Ids begin with the time, so rows in id order are appended. Indexes over unfinished rows are partial, and stay
 * small however many certificates there are. Orders and authorizations have no foreign keys between them: purging an
 * order would need an index on its children that nothing else uses; it deletes the ids that the order lists.
 */

export const FIRST = `
  CREATE TABLE accounts (
    id TEXT COLLATE "C" PRIMARY KEY,
    thumbprint TEXT COLLATE "C" NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    contact TEXT NOT NULL,
    terms_agreed_at BIGINT,
    external_account TEXT,
    created_at BIGINT NOT NULL,
    deactivated_at BIGINT,
    revoked_at BIGINT
  );

  CREATE TABLE orders (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    identifiers TEXT NOT NULL,
    authorization_ids TEXT NOT NULL,
    profile TEXT NOT NULL,
    not_before BIGINT,
    not_after BIGINT,
    replaces TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    csr BYTEA,
    deferred INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    certificate_id TEXT,
    -- Set while a finalize is unfinished: end of its lease, or when to try again.
    due_at BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX orders_by_account ON orders (account_id, id);
  CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX orders_idle ON orders (expires_at) WHERE certificate_id IS NULL AND due_at IS NULL;

  CREATE TABLE authorizations (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    order_id TEXT,
    -- type ':' value, the value with its '*.' for a wildcard
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    deactivated_at BIGINT,
    revoked_at BIGINT,
    token TEXT COLLATE "C" NOT NULL,
    challenges TEXT NOT NULL,
    -- 'open' until a challenge ended or the authorization was ended, then 'valid' or 'ended'
    state TEXT NOT NULL
  );
  CREATE INDEX authorizations_open_by_token ON authorizations (token) WHERE state = 'open';
  CREATE INDEX authorizations_valid ON authorizations (account_id, name, (order_id IS NULL), expires_at)
    WHERE state = 'valid';
  CREATE INDEX authorizations_without_order ON authorizations (expires_at) WHERE order_id IS NULL;

  -- Challenges answered and not ended, with the end of their lease or when to try again.
  CREATE TABLE open_validations (
    authorization_id TEXT COLLATE "C" NOT NULL,
    type TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (authorization_id, type)
  );
  CREATE INDEX open_validations_due ON open_validations (due_at);

  -- A lookup by ARI id goes by the serial in it.
  CREATE TABLE certificates /* with rowid */ (
    id TEXT COLLATE "C" PRIMARY KEY,
    order_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    serial TEXT COLLATE "C" NOT NULL UNIQUE,
    ari_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    chain TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    revoked_at BIGINT,
    revocation_reason INTEGER,
    replaced_by TEXT
  );
`;

export const NODES = `
  -- A node and the one use of its latest seed.
  CREATE TABLE nodes (
    cn TEXT COLLATE "C" PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    names TEXT NOT NULL,
    profile TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    registered_by TEXT NOT NULL,
    removing_at BIGINT,
    enrolment_id TEXT COLLATE "C" NOT NULL UNIQUE,
    seed_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    seed_expires_at BIGINT NOT NULL,
    claimed_at BIGINT,
    claimed_key TEXT,
    serial TEXT
  );
  CREATE TABLE node_certificates (
    serial TEXT COLLATE "C" PRIMARY KEY,
    node_id TEXT COLLATE "C" NOT NULL,
    not_after BIGINT NOT NULL
  );
  CREATE INDEX node_certificates_by_node ON node_certificates (node_id, not_after);

  ALTER TABLE authorizations ADD COLUMN proven_by TEXT COLLATE "C";
  CREATE INDEX authorizations_by_node ON authorizations (proven_by) WHERE proven_by IS NOT NULL;
`;

export const UNUSED_ACCOUNTS = `
  -- Since when an account has had no certificate; null once it has had one.
  ALTER TABLE accounts ADD COLUMN unused_since BIGINT;
  UPDATE accounts SET unused_since = created_at WHERE id NOT IN (SELECT account_id FROM certificates);
  CREATE INDEX accounts_unused ON accounts (unused_since) WHERE unused_since IS NOT NULL;
  CREATE INDEX authorizations_by_account ON authorizations (account_id);
`;

export const BOUND_ACCOUNTS = `
  -- The node whose key bound the account; when it was last used, and from where.
  ALTER TABLE accounts ADD COLUMN node_id TEXT COLLATE "C";
  ALTER TABLE accounts ADD COLUMN used_at BIGINT;
  ALTER TABLE accounts ADD COLUMN used_from TEXT;
  CREATE INDEX accounts_by_node ON accounts (node_id, id) WHERE node_id IS NOT NULL;

  -- What a node may order over ACME besides its names, and the key that binds accounts to it.
  ALTER TABLE nodes ADD COLUMN patterns TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE nodes ADD COLUMN challenges_waived INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE nodes ADD COLUMN key_id TEXT COLLATE "C";
  ALTER TABLE nodes ADD COLUMN sealed_key TEXT;
  ALTER TABLE nodes ADD COLUMN key_expires_at BIGINT;
  ALTER TABLE nodes ADD COLUMN key_once INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE nodes ADD COLUMN key_used_at BIGINT;
  CREATE UNIQUE INDEX nodes_by_key ON nodes (key_id) WHERE key_id IS NOT NULL;

  CREATE TABLE failures (
    id TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    step TEXT NOT NULL,
    account_id TEXT COLLATE "C",
    why TEXT NOT NULL
  );
  CREATE INDEX failures_by_name ON failures (name, id);
  CREATE INDEX failures_by_account ON failures (account_id, id) WHERE account_id IS NOT NULL;
`;

export const NOTICES = `
  CREATE TABLE told (key TEXT COLLATE "C" PRIMARY KEY, until BIGINT NOT NULL);
  CREATE INDEX told_until ON told (until);
  CREATE TABLE notices (
    seq BIGINT GENERATED BY DEFAULT AS IDENTITY,
    id TEXT COLLATE "C" PRIMARY KEY,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    error TEXT
  );
  CREATE INDEX notices_due ON notices (due_at);
  CREATE INDEX notices_created ON notices (created_at);
`;

export const INDEXES_BY_END = `
  CREATE INDEX certificates_by_end ON certificates (not_after);
  CREATE INDEX certificates_by_account ON certificates (account_id);
  CREATE INDEX node_certificates_by_end ON node_certificates (not_after);
`;

export const OTHER_CERTIFICATES = `
  CREATE TABLE other_certificates (
    serial TEXT COLLATE "C" PRIMARY KEY,
    origin TEXT NOT NULL,
    renews TEXT COLLATE "C",
    at BIGINT NOT NULL,
    not_after BIGINT NOT NULL
  );
  CREATE INDEX other_certificates_by_end ON other_certificates (not_after);
`;

/** Counts by the hour. */
export const ACTIVITY = `
  CREATE TABLE activity (
    hour BIGINT PRIMARY KEY,
    issued BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    revoked BIGINT NOT NULL
  );
`;
