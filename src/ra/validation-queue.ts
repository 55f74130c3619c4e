import { StoreUnavailable } from '../store/errors.js';
import type { ClaimedValidation, RaStore } from '../store/ra-store.js';
import type { ValidationResult, Validator } from '../va/types.js';
import type { Policy } from './policy.js';
import { Problem, type ProblemDocument } from './problem.js';
import type { Authorization, ChallengeType } from './types.js';
import { WorkQueue } from './work-queue.js';

/** Validations at once: each is mostly waiting for a peer, and holds a socket or two. */
const CAPACITY = 128;
/** Longer than one attempt can take (the validator's own deadline is 10 s), and how long a dead holder's challenge waits at most. */
const LEASE = 15_000;
const SWEEP_INTERVAL = 5_000;

export interface ValidationQueueOptions {
  store: RaStore;
  validator: Validator;
  policy: Pick<Policy, 'retryDelays' | 'authorizationLifetime'>;
  /** URL of an account, for CAA `accounturi` (RFC 8657 §3). */
  accountUrl(accountId: string): string;
  soleRunner: boolean;
  clock(): number;
  onAttempt(claimed: ClaimedValidation, result: ValidationResult): void;
  onError(error: unknown): void;
}

/**
 * RFC 8555 §8.2: answered challenges are tried at once, again after pauses while there is hope, and end valid or
 * invalid, whatever happens to this process in between.
 */
export class ValidationQueue {
  readonly #options: ValidationQueueOptions;
  readonly #queue: WorkQueue<ClaimedValidation, Authorization | null>;

  constructor(options: ValidationQueueOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      claim: (now, leaseUntil, limit) => options.store.claimValidations(now, leaseUntil, limit),
      run: (claimed, signal) => this.#attempt(claimed, signal),
      capacity: CAPACITY,
      lease: LEASE,
      sweepInterval: SWEEP_INTERVAL,
      soleRunner: options.soleRunner,
      clock: options.clock,
      passes: (error) => error instanceof StoreUnavailable,
      onError: options.onError,
    });
  }

  start(): void {
    this.#queue.start();
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  /**
   * Marks the challenge answered, starts its validation, and waits at most `hold` milliseconds for the outcome:
   * the authorization as it then is, or null when there is none yet (or somebody answered before).
   */
  async submit(
    authorization: Authorization,
    type: ChallengeType,
    thumbprint: string,
    hold: number,
  ): Promise<Authorization | null> {
    const { store, clock } = this.#options;
    const now = clock();
    if (!(await store.answerChallenge(authorization.id, type, now, this.#queue.leaseForNew()))) return null;
    const work = this.#queue.execute({ authorization, type, attempts: 0, thumbprint });
    if (!work || hold <= 0) return null;
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), hold);
    });
    try {
      return await Promise.race([work, expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #attempt(claimed: ClaimedValidation, signal: AbortSignal): Promise<Authorization | null> {
    const { store, validator, policy, clock } = this.#options;
    const { authorization, type } = claimed;
    const token = authorization.challenges.find((challenge) => challenge.type === type)?.token;
    if (token === undefined) throw new Error(`authorization ${authorization.id} has no ${type} challenge`);
    const result = await validator.validate(
      {
        type,
        identifier: authorization.identifier,
        wildcard: authorization.wildcard,
        token,
        keyAuthorization: `${token}.${claimed.thumbprint}`,
        accountUri: this.#options.accountUrl(authorization.accountId),
      },
      signal,
    );
    if (signal.aborted) return null;
    this.#options.onAttempt(claimed, result);
    const now = clock();
    if (result.ok) {
      const expiresAt = now + policy.authorizationLifetime;
      return store.completeValidation(authorization.id, type, { at: now, error: null, expiresAt });
    }
    const error = problemOf(result);
    const pause = policy.retryDelays[claimed.attempts];
    if (result.retryable && pause !== undefined) {
      await store.recordAttempt(authorization.id, type, error, now + pause);
      this.#queue.wakeAt(now + pause);
      return null;
    }
    const { expiresAt } = authorization;
    return store.completeValidation(authorization.id, type, { at: now, error, expiresAt });
  }
}

/** §8: what goes into the challenge's `error`. */
function problemOf(result: Extract<ValidationResult, { ok: false }>): ProblemDocument {
  return new Problem(result.type, result.detail).toDocument();
}
