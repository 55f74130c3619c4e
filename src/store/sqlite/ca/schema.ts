import { searchKeys } from '../../rows/ca/search-keys.js';
import { AUDIT_CUTS_SCHEMA, AUDIT_SCHEMA } from '../audit.js';
import { eachRow } from '../each-row.js';
import type { Migration } from '../migration.js';
import { LEASES_SCHEMA, SETTINGS_SCHEMA } from '../settings.js';
import { FIGURES_SCHEMA, UNCOUNTED_SCHEMA } from './figures.js';

/** The CA's tables. The rowid of a certificate is the order of issuance: "newest of this CN" needs no time in the index. */
export const caMigrations: readonly Migration[] = [
  `
  ${SETTINGS_SCHEMA}
  CREATE TABLE certificates (
    serial TEXT NOT NULL UNIQUE,
    cn TEXT NOT NULL,
    dn TEXT NOT NULL,
    profile TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    order_id TEXT,
    account_id TEXT,
    issued_at INTEGER NOT NULL,
    revoked_at INTEGER,
    reason INTEGER,
    deleted_at INTEGER,
    der BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX certificates_by_order ON certificates (order_id) WHERE order_id IS NOT NULL;
  CREATE INDEX certificates_by_cn ON certificates (cn);
  CREATE INDEX certificates_revoked ON certificates (not_after, serial) WHERE revoked_at IS NOT NULL;

  CREATE TABLE crl (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_number INTEGER NOT NULL,
    number INTEGER,
    der BLOB,
    this_update INTEGER,
    next_update INTEGER
  ) STRICT;
  INSERT INTO crl (id, last_number) VALUES (1, 0);

  CREATE TABLE nodes (
    cn TEXT PRIMARY KEY,
    profile TEXT NOT NULL,
    sans TEXT NOT NULL,
    registered_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE admins (dn TEXT NOT NULL UNIQUE, added_at INTEGER NOT NULL) STRICT;

  CREATE TABLE peers (
    public_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    cn TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent_id TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX documents_by_parent ON documents (kind, parent_id, id) WHERE parent_id IS NOT NULL;
  `,
  AUDIT_SCHEMA,
  `
  -- CRLs up to this number may lack a revocation, or have one that was taken back.
  ALTER TABLE crl ADD COLUMN stale_up_to INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Names by the keys of rows/ca/search-keys.ts.
  CREATE TABLE certificate_names (
    name TEXT NOT NULL,
    not_after INTEGER NOT NULL,
    serial TEXT NOT NULL,
    PRIMARY KEY (name, not_after, serial)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX certificates_by_end ON certificates (not_after, serial);
  CREATE INDEX certificates_by_profile ON certificates (profile, not_after, serial);
  CREATE INDEX certificates_by_account ON certificates (account_id, not_after, serial) WHERE account_id IS NOT NULL;
  `,
  (db) => {
    const insert = db.prepare('INSERT INTO certificate_names (name, not_after, serial) VALUES (?, ?, ?)');
    const all = db.prepare('SELECT serial, cn, identifiers, not_after FROM certificates');
    for (const row of eachRow<Record<string, string | number>>(all)) {
      const { serial, cn, identifiers, not_after } = row;
      const named = { cn: String(cn), identifiers: JSON.parse(String(identifiers)) };
      for (const key of searchKeys(named)) insert.run(key, Number(not_after), String(serial));
    }
  },
  `
  -- Roots, issuers and cross-certificates; each with a CRL of its own. The first issuer's tag is ''.
  CREATE TABLE authorities (
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    tag TEXT NOT NULL,
    certificate BLOB NOT NULL,
    chain TEXT NOT NULL,
    root TEXT NOT NULL,
    of_root TEXT,
    key_ref TEXT,
    sealed_key BLOB,
    added_at INTEGER NOT NULL,
    used_from INTEGER,
    retired_at INTEGER,
    renew_from INTEGER
  ) STRICT;
  CREATE INDEX authorities_by_tag ON authorities (tag);

  CREATE TABLE crls (
    issuer TEXT NOT NULL PRIMARY KEY,
    last_number INTEGER NOT NULL DEFAULT 0,
    number INTEGER,
    der BLOB,
    this_update INTEGER,
    next_update INTEGER,
    -- CRLs up to this number may lack a revocation, or have one that was taken back.
    stale_up_to INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  INSERT INTO crls (issuer, last_number, number, der, this_update, next_update, stale_up_to)
    SELECT '', last_number, number, der, this_update, next_update, stale_up_to FROM crl;
  DROP TABLE crl;

  ALTER TABLE certificates ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
  CREATE INDEX certificates_by_issuer ON certificates (issuer, not_after);
  CREATE INDEX certificates_revoked_by_issuer ON certificates (issuer, not_after, serial) WHERE revoked_at IS NOT NULL;
  `,
  `
  -- Whom an administrator's certificate was made for, what a channel peer's registration has, keys nobody gets a certificate for.
  ALTER TABLE admins ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
  ALTER TABLE admins ADD COLUMN by_name INTEGER NOT NULL DEFAULT 0;
  UPDATE admins SET by_name = 1;
  CREATE TABLE admin_certificates (serial TEXT PRIMARY KEY, dn TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX admin_certificates_by_dn ON admin_certificates (dn);
  CREATE INDEX certificates_of_admins ON certificates (profile) WHERE profile = 'admin';
  CREATE TABLE peer_certificates (public_key TEXT NOT NULL, serial TEXT NOT NULL) STRICT;
  CREATE INDEX peer_certificates_by_key ON peer_certificates (public_key);
  INSERT INTO peer_certificates (public_key, serial)
    SELECT peers.public_key, c.serial FROM peers JOIN certificates AS c ON c.cn = peers.cn AND c.profile = peers.role
    ORDER BY c.rowid;
  CREATE TABLE compromised_keys (fingerprint TEXT NOT NULL UNIQUE, learned_at INTEGER NOT NULL) STRICT;
  `,
  FIGURES_SCHEMA,
  `
  ${LEASES_SCHEMA}
  ${UNCOUNTED_SCHEMA}
  -- When the copy was last written, in ms since the epoch.
  ALTER TABLE documents ADD COLUMN kept_at INTEGER NOT NULL DEFAULT 0;
  UPDATE documents SET kept_at = unixepoch() * 1000;
  CREATE INDEX documents_by_age ON documents (kept_at) WHERE kind <> 'account';
  `,
  AUDIT_CUTS_SCHEMA,
  `
  -- What an issuer issued, by end.
  DROP INDEX certificates_by_issuer;
  CREATE INDEX certificates_by_issuer ON certificates (issuer, not_after, serial);
  `,
];
