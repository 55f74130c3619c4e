import { get, placeholders, run, type SharedOperations } from '../shared.js';

/** Certificates without an order and without a node. */
export interface OtherCertificateOperations {
  recordOtherCertificate(row: OtherCertificateRow): void;
  findOtherCertificate(serial: string): OtherCertificateRow | undefined;
}

const COLUMNS = 'serial, origin, renews, at, not_after';

type OtherCertificateRow = [
  serial: string,
  origin: string,
  renews: string | null,
  at: number,
  notAfter: number,
];

export const shared = {
  reads: {
    findOtherCertificate: (serial) =>
      get<OtherCertificateRow>(`SELECT ${COLUMNS} FROM other_certificates WHERE serial = $1`, serial),
  },
  writes: {
    *recordOtherCertificate(row) {
      yield* run(
        `INSERT INTO other_certificates (${COLUMNS}) VALUES (${placeholders(COLUMNS)}) ON CONFLICT DO NOTHING`,
        ...row,
      );
    },
  },
} satisfies SharedOperations<OtherCertificateOperations>;
