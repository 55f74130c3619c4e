import type { Authorization, ChallengeType } from '../../model/facts.js';
import { Problem, type ProblemDocument } from '../../model/problem.js';
import { accountStatus } from '../../model/status.js';
import type { ClaimedValidation } from '../../store/contract/ra/authorizations.js';
import type { RaStore } from '../../store/contract/ra.js';
import type { ValidationResult, Validator } from '../../va/types.js';
import type { Policy } from '../policy.js';
import { FairShares, type Share } from './fair-shares.js';
import { type QueueSurroundings, WorkQueue } from './work-queue.js';

/** Concurrent validations, without those of targets that hung. Each mostly waits for a peer and holds a socket or two. */
const CAPACITY = 192;
/** Of these, the places reserved for accounts without a running validation, and the limit of one account. */
const SPARE = 32;
const PER_ACCOUNT = 32;
/** Concurrent validations of targets that hung before: of all accounts, and of one account. */
const HUNG = 64;
const HUNG_PER_ACCOUNT = 8;
/** A target counts as hung if its validation fails after more than this time, in ms. */
const HANGS_AFTER = 2_000;
/** Age in ms from which a validation is aborted if an account without a running validation finds no free place. */
const PATIENCE = 500;
/** The lease, in ms: longer than one attempt (the validator's deadline is 10 s). The challenge of a crashed RA waits at most this long. */
const LEASE = 15_000;

interface ValidationQueueOptions extends QueueSurroundings {
  store: RaStore;
  validator: Validator;
  policy: Pick<Policy, 'retryDelays' | 'authorizationLifetime'>;
  /** Every URL of an account, the current one first. A DNS record may name any of them (RFC 8657 §3). */
  accountUrls(accountId: string): Promise<readonly string[]>;
  onAttempt(claimed: ClaimedValidation, result: ValidationResult): void;
}

/**
 * RFC 8555 §8.2: an answered challenge is validated at once and retried after pauses if the failure is retryable. It ends valid or
 * invalid, even if this process crashes in between.
 */
export class ValidationQueue {
  readonly #options: ValidationQueueOptions;
  readonly runner: WorkQueue<Validation, Authorization | null>;
  readonly #shares: FairShares;
  /** Submissions in progress, by authorization and type. Concurrent answers to one challenge share one validation. */
  readonly #underWay = new Map<string, Promise<Authorization | null>>();

  constructor(options: ValidationQueueOptions) {
    this.#options = options;
    const { soleRunner, clock, onError } = options;
    const shares = new FairShares({
      ...{ capacity: CAPACITY, spare: SPARE, perAccount: PER_ACCOUNT },
      ...{ hung: HUNG, hungPerAccount: HUNG_PER_ACCOUNT, patience: PATIENCE, clock },
    });
    this.#shares = shares;
    this.runner = new WorkQueue({
      claim: (now, leaseUntil, limit) => options.store.claimValidations(now, leaseUntil, limit, PER_ACCOUNT),
      shares: {
        admits: (validation) => shares.admits(shareOf(validation)),
        room: () => shares.room(),
        enter: (validation, giveWay) => shares.enter(shareOf(validation), giveWay),
      },
      run: (validation, signal) => this.#attempt(validation, signal),
      capacity: CAPACITY + HUNG,
      lease: LEASE,
      ...{ soleRunner, clock, onError },
    });
  }

  /**
   * Starts the validation of a challenge that the client just answered, and waits at most `hold` milliseconds for its outcome.
   * Returns the authorization with the outcome; null when there is no outcome yet, or the challenge was answered before. On return
   * the answer is stored. An outcome that came in time is stored in the same write.
   */
  async submit(
    authorization: Authorization,
    type: ChallengeType,
    thumbprint: string,
    hold: number,
  ): Promise<Authorization | null> {
    const key = `${authorization.id} ${type}`;
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const submission = this.#submit(authorization, type, thumbprint, hold).finally(() =>
      this.#underWay.delete(key),
    );
    this.#underWay.set(key, submission);
    return submission;
  }

  async #submit(
    authorization: Authorization,
    type: ChallengeType,
    thumbprint: string,
    hold: number,
  ): Promise<Authorization | null> {
    const { store, clock } = this.#options;
    const validation: Validation = { authorization, type, attempts: 0, thumbprint };
    const answer = new Answer(store, authorization.id, type, clock(), this.runner.leaseForNew(validation));
    // The answer is not in the store yet, so no other RA can claim it. If the client answers at two RAs at once, both validate, and
    // the first outcome counts.
    if (hold <= 0 && !(await answer.store())) return null;
    const work = this.runner.execute({ ...validation, answer });
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), hold);
    });
    try {
      const outcome = work && hold > 0 ? await Promise.race([work, expired]) : null;
      if (outcome === null) await answer.store();
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The result for an account that was stopped after its answer; null for an active account. Checked on retries, because time has
   * passed since the answer. Always checked for dns-persist-01: its record exists before the answer, so a stolen account key is enough
   * to prove the name.
   */
  async #stopped({ authorization, type, attempts }: Validation): Promise<ValidationResult | null> {
    if (attempts === 0 && type !== 'dns-persist-01') return null;
    const account = await this.#options.store.getAccount(authorization.accountId);
    return account && accountStatus(account) === 'valid' ? null : STOPPED;
  }

  async #attempt(validation: Validation, signal: AbortSignal): Promise<Authorization | null> {
    const { store, validator, policy, clock } = this.#options;
    const { authorization, type, attempts, thumbprint, answer } = validation;
    const token = authorization.challenges.find((challenge) => challenge.type === type)?.token;
    if (token === undefined) throw new Error(`authorization ${authorization.id} has no ${type} challenge`);
    const started = performance.now();
    const result =
      (await this.#stopped(validation)) ??
      (await validator.validate(
        {
          type,
          identifier: authorization.identifier,
          wildcard: authorization.wildcard,
          token,
          keyAuthorization: `${token}.${thumbprint}`,
          accountUris: () => this.#options.accountUrls(authorization.accountId),
        },
        signal,
      ));
    if (signal.aborted) return null;
    const hung = !result.ok && performance.now() - started > HANGS_AFTER;
    this.#shares.found(shareOf(validation).target, hung);
    this.#options.onAttempt(validation, result);
    const now = clock();
    if (result.ok) {
      const answeredAt = answer ? await answer.unstored() : null;
      const longest = now + policy.authorizationLifetime;
      const expiresAt = Math.min(longest, result.until ?? longest);
      return store.completeValidation(authorization.id, type, {
        answeredAt,
        at: now,
        error: null,
        expiresAt,
      });
    }
    if (answer && !(await answer.store())) return null;
    const error = problemOf(result);
    const pause = policy.retryDelays[attempts];
    if (result.retryable && pause !== undefined) {
      await store.recordAttempt(authorization.id, type, error, now + pause);
      this.runner.wakeAt(now + pause);
      return null;
    }
    const { expiresAt } = authorization;
    return store.completeValidation(authorization.id, type, { at: now, error, expiresAt });
  }
}

/** The result for an account that was stopped; no network request is made for it. */
const STOPPED: ValidationResult = {
  ok: false,
  type: 'unauthorized',
  detail: 'the account is deactivated',
  retryable: false,
  attempts: [],
};

/** A validation to run. With `answer`, the challenge may not be stored as answered yet. */
interface Validation extends ClaimedValidation {
  answer?: Answer;
}

/** Each type of challenge has other targets: a closed port 443 does not make the name's port 80 count as hung. */
function shareOf({ authorization, type }: Validation): Share {
  return { account: authorization.accountId, target: `${type} ${authorization.identifier.value}` };
}

/** A client's answer to a challenge. It is stored once: by the first call of `store`, or together with the outcome. */
class Answer {
  #stored: Promise<boolean> | null = null;

  constructor(
    private readonly raStore: RaStore,
    private readonly authorizationId: string,
    private readonly type: ChallengeType,
    private readonly at: number,
    private readonly leaseUntil: number,
  ) {}

  /** Stores the answer. False when the challenge was answered before or the authorization has ended. */
  store(): Promise<boolean> {
    this.#stored ??= this.raStore.answerChallenge(this.authorizationId, this.type, this.at, this.leaseUntil);
    return this.#stored;
  }

  /** The time of the answer, to be stored with the outcome; null when the answer is stored already. */
  async unstored(): Promise<number | null> {
    if (this.#stored === null) return this.at;
    await this.#stored;
    return null;
  }
}

/** §8: the challenge's `error`. */
function problemOf(result: Extract<ValidationResult, { ok: false }>): ProblemDocument {
  return new Problem(result.type, result.detail).toDocument();
}
