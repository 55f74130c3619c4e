import { shared as certificates } from '../../rows/ra/certificates.js';
import { shared as failures } from '../../rows/ra/failures.js';
import type { RaOperations } from '../../rows/ra/operations.js';
import { shared as otherCertificates } from '../../rows/ra/other-certificates.js';
import { auditOperations } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { settingsOperations } from '../settings.js';
import { inPostgres } from '../shared.js';
import { accountOperations } from './accounts.js';
import { activityOperations } from './activity.js';
import { allowanceOperations } from './allowances.js';
import { authorizationOperations } from './authorizations.js';
import { nodeOperations } from './nodes.js';
import { noticeOperations } from './notices.js';
import { orderOperations } from './orders.js';
import { purgeOperations } from './purge.js';
import type { SeenChallenges } from './seen-challenges.js';
import { validationOperations } from './validations.js';

/** Everything PostgreSQL does for one RA. */
export const raOperations = (seen: SeenChallenges): PostgresOperations<RaOperations> => ({
  ...accountOperations,
  ...orderOperations,
  ...authorizationOperations(seen),
  ...validationOperations(seen),
  ...inPostgres(certificates),
  ...nodeOperations,
  ...inPostgres(failures),
  ...activityOperations,
  ...purgeOperations,
  ...allowanceOperations,
  ...inPostgres(otherCertificates),
  ...noticeOperations,
  ...auditOperations,
  ...settingsOperations,
});

/** The operations of every issuance: short, by primary key or a narrow index, on the rows of one order. */
export const SHORT_RA: ReadonlySet<keyof RaOperations> = new Set([
  'getAccount',
  'findAccountByThumbprint',
  'createOrder',
  'getOrder',
  'beginFinalize',
  'recordIssuance',
  'getAuthorization',
  'findValidAuthorizations',
  'findAuthorizationByToken',
  'answerChallenge',
  'completeValidation',
  'getCertificate',
  'findCertificateBySerial',
  'findCertificateByAriId',
  'getNodeById',
] as const);
