import type { OtherCertificateOperations, OtherCertificateRow } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';

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

export const otherCertificateOperations = {
  recordOtherCertificate: write((sql, row: OtherCertificateRow): void => {
    sql.run('INSERT INTO other_certificates VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING', ...row);
  }),

  findOtherCertificate: read((sql, serial: string): OtherCertificateRow | undefined =>
    sql.get<OtherCertificateRow>(
      'SELECT serial, origin, renews, at, not_after FROM other_certificates WHERE serial = ?',
      serial,
    ),
  ),
} satisfies SqliteOperations<OtherCertificateOperations>;
