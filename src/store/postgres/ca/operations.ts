import { shared as crls } from '../../rows/ca/crl.js';
import { shared as documents } from '../../rows/ca/documents.js';
import type { CaOperations } from '../../rows/ca/operations.js';
import { auditOperations } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { settingsOperations } from '../settings.js';
import { inPostgres } from '../shared.js';
import { authorityOperations } from './authorities.js';
import { certificateOperations } from './certificates.js';
import { figureOperations } from './figures.js';
import { purgeOperations } from './purge.js';
import { registryOperations } from './registry.js';

/** Everything PostgreSQL does for the CA. */
export const caOperations: PostgresOperations<CaOperations> = {
  ...authorityOperations,
  ...certificateOperations,
  ...inPostgres(crls),
  ...registryOperations,
  ...inPostgres(documents),
  ...purgeOperations,
  ...figureOperations,
  ...auditOperations,
  ...settingsOperations,
};

/** The operations of issuance and OCSP: short, on the rows of one certificate, except for the head of the audit log. */
export const SHORT_CA: ReadonlySet<keyof CaOperations> = new Set([
  'recordCertificate',
  'findByOrder',
  'findBySerial',
] as const);
