import type { OtherCertificateOperations, OtherCertificateRow } from '../../rows/ra/operations.js';
import type { PostgresOperations } from '../operations.js';

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

export const otherCertificateOperations: PostgresOperations<OtherCertificateOperations> = {
  async recordOtherCertificate(db, row) {
    await db.run('INSERT INTO other_certificates VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING', ...row);
  },

  findOtherCertificate: (db, serial) =>
    db.get<OtherCertificateRow>(
      'SELECT serial, origin, renews, at, not_after FROM other_certificates WHERE serial = $1',
      serial,
    ),
};
