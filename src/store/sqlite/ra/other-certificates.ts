/** Certificates that neither an order nor a node has. */

export const OTHER_CERTIFICATES_SCHEMA = `
  CREATE TABLE other_certificates (
    serial TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    renews TEXT,
    at INTEGER NOT NULL,
    not_after INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX other_certificates_by_end ON other_certificates (not_after);
`;
