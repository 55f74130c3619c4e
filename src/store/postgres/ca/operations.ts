import type { CaOperations } from '../../rows/ca/operations.js';
import { auditOperations } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { settingsOperations } from '../settings.js';
import { authorityOperations } from './authorities.js';
import { certificateOperations } from './certificates.js';
import { crlOperations } from './crl.js';
import { documentOperations } from './documents.js';
import { registryOperations } from './registry.js';

/** Everything PostgreSQL does for the CA. */
export const caOperations: PostgresOperations<CaOperations> = {
  ...authorityOperations,
  ...certificateOperations,
  ...crlOperations,
  ...registryOperations,
  ...documentOperations,
  ...auditOperations,
  ...settingsOperations,
};
