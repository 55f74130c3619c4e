import type { RaOperations } from '../../rows/ra/operations.js';
import { auditOperations } from '../audit.js';
import type { SqliteOperations } from '../protocol.js';
import { settingsOperations } from '../settings.js';
import { accountOperations } from './accounts.js';
import { activityOperations } from './activity.js';
import { allowanceOperations } from './allowances.js';
import { authorizationOperations } from './authorizations.js';
import { certificateOperations } from './certificates.js';
import { failureOperations } from './failures.js';
import { nodeOperations } from './nodes.js';
import { noticeOperations } from './notices.js';
import { orderOperations } from './orders.js';
import { otherCertificateOperations } from './other-certificates.js';
import { purgeOperations } from './purge.js';
import { validationOperations } from './validations.js';

/** Everything the database thread does for the RA. */
export const raOperations: SqliteOperations<RaOperations> = {
  ...accountOperations,
  ...orderOperations,
  ...authorizationOperations,
  ...validationOperations,
  ...certificateOperations,
  ...nodeOperations,
  ...failureOperations,
  ...activityOperations,
  ...purgeOperations,
  ...allowanceOperations,
  ...otherCertificateOperations,
  ...noticeOperations,
  ...auditOperations,
  ...settingsOperations,
};
