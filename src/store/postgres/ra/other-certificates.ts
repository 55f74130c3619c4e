/** Certificates that neither an order nor a node has. */

export const OTHER_CERTIFICATES_SCHEMA = `
  CREATE TABLE other_certificates (
    serial TEXT COLLATE "C" PRIMARY KEY,
    origin TEXT NOT NULL,
    renews TEXT COLLATE "C",
    at BIGINT NOT NULL,
    not_after BIGINT NOT NULL
  );
  CREATE INDEX other_certificates_by_end ON other_certificates (not_after);
`;
