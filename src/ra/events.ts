import type { ChallengeType, Order } from '../model/facts.js';
import type { ValidationResult } from '../va/types.js';

/** What happened, for logs and metrics; never holds a secret. */
export interface RaEvents {
  validation(event: {
    authorizationId: string;
    type: ChallengeType;
    identifier: string;
    attempt: number;
    result: ValidationResult;
  }): void;
  finalization(event: { order: Order; outcome: 'issued' | 'refused' | 'deferred'; detail: string }): void;
  revocation(event: { serial: string; reason: number | null; accountId: string | null }): void;
  error(error: unknown): void;
}
