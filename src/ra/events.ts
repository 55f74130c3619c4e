import type { ChallengeType, Order } from '../model/facts.js';
import type { ValidationResult } from '../va/types.js';

/** Events for logs and metrics; they never contain a secret. */
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
