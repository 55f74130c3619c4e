import type { CaOperations } from '../../rows/ca/operations.js';
import { auditOperations } from '../audit.js';
import type { SqliteOperations } from '../protocol.js';
import { settingsOperations } from '../settings.js';
import { authorityOperations } from './authorities.js';
import { certificateOperations } from './certificates.js';
import { crlOperations } from './crl.js';
import { documentOperations } from './documents.js';
import { figureOperations } from './figures.js';
import { purgeOperations } from './purge.js';
import { registryOperations } from './registry.js';

/** Everything the database thread does for the CA. */
export const caOperations: SqliteOperations<CaOperations> = {
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
