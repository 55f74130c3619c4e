import type { CaOperations } from '../../rows/ca/operations.js';
import { auditOperations } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { settingsOperations } from '../settings.js';
import { authorityOperations } from './authorities.js';
import { certificateOperations } from './certificates.js';
import { crlOperations } from './crl.js';
import { documentOperations } from './documents.js';
import { figureOperations } from './figures.js';
import { purgeOperations } from './purge.js';
import { registryOperations } from './registry.js';

/** Everything PostgreSQL does for the CA. */
export const caOperations: PostgresOperations<CaOperations> = {
  ...authorityOperations,
  ...certificateOperations,
  ...crlOperations,
  ...registryOperations,
  ...documentOperations,
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
