import { shared as crls } from '../../rows/ca/crl.js';
import { shared as documents } from '../../rows/ca/documents.js';
import type { CaOperations } from '../../rows/ca/operations.js';
import { auditOperations } from '../audit.js';
import type { SqliteOperations } from '../protocol.js';
import { settingsOperations } from '../settings.js';
import { inSqlite } from '../shared.js';
import { authorityOperations } from './authorities.js';
import { certificateOperations } from './certificates.js';
import { figureOperations } from './figures.js';
import { purgeOperations } from './purge.js';
import { registryOperations } from './registry.js';

/** Everything the database thread does for the CA. */
export const caOperations: SqliteOperations<CaOperations> = {
  ...authorityOperations,
  ...certificateOperations,
  ...inSqlite(crls),
  ...registryOperations,
  ...inSqlite(documents),
  ...purgeOperations,
  ...figureOperations,
  ...auditOperations,
  ...settingsOperations,
};
