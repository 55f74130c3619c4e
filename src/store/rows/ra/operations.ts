import type { AuditOperations } from '../audit.js';
import type { SettingsOperations } from '../settings.js';
import type { AccountOperations } from './accounts.js';
import type { ActivityOperations } from './activity.js';
import type { AllowanceOperations } from './allowances.js';
import type { AuthorizationOperations, AuthorizationRow, ClaimedChallenge } from './authorizations.js';
import type { CertificateOperations } from './certificates.js';
import type { FailureOperations } from './failures.js';
import type { NodeOperations } from './nodes.js';
import type { NoticeOperations } from './notices.js';
import type { OrderOperations } from './orders.js';
import type { OtherCertificateOperations } from './other-certificates.js';
import type { PurgeOperations } from './purge.js';

/** RFC 8555 §7.5.1, §8.2. */
export interface ValidationOperations {
  answerChallenge(id: string, type: string, at: number, leaseUntil: number): boolean;
  claimValidations(now: number, leaseUntil: number, limit: number, perAccount: number): ClaimedChallenge[];
  recordAttempt(id: string, type: string, error: string, retryAt: number): void;
  /** Undefined when the validation was ended before, by its outcome or with its authorization. */
  completeValidation(
    id: string,
    type: string,
    answeredAt: number | null,
    at: number,
    error: string | null,
    expiresAt: number,
  ): AuthorizationRow | undefined;
}

/** Every row operation of the RA, each one atomic step: what SQLite and PostgreSQL both carry out. */
export interface RaOperations
  extends AccountOperations,
    OrderOperations,
    AuthorizationOperations,
    ValidationOperations,
    CertificateOperations,
    NodeOperations,
    FailureOperations,
    ActivityOperations,
    PurgeOperations,
    AllowanceOperations,
    OtherCertificateOperations,
    NoticeOperations,
    AuditOperations,
    SettingsOperations {}
