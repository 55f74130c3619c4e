import { shared as certificates } from '../../rows/ra/certificates.js';
import { shared as failures } from '../../rows/ra/failures.js';
import type { RaOperations } from '../../rows/ra/operations.js';
import { shared as otherCertificates } from '../../rows/ra/other-certificates.js';
import { auditOperations } from '../audit.js';
import type { SqliteOperations } from '../protocol.js';
import { settingsOperations } from '../settings.js';
import { inSqlite } from '../shared.js';
import { accountOperations } from './accounts.js';
import { activityOperations } from './activity.js';
import { allowanceOperations } from './allowances.js';
import { authorizationOperations } from './authorizations.js';
import { nodeOperations } from './nodes.js';
import { noticeOperations } from './notices.js';
import { orderOperations } from './orders.js';
import { purgeOperations } from './purge.js';
import { validationOperations } from './validations.js';

/** Everything the database thread does for the RA. */
export const raOperations: SqliteOperations<RaOperations> = {
  ...accountOperations,
  ...orderOperations,
  ...authorizationOperations,
  ...validationOperations,
  ...inSqlite(certificates),
  ...nodeOperations,
  ...inSqlite(failures),
  ...activityOperations,
  ...purgeOperations,
  ...allowanceOperations,
  ...inSqlite(otherCertificates),
  ...noticeOperations,
  ...auditOperations,
  ...settingsOperations,
};
