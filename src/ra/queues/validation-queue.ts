import type { Authorization, ChallengeType } from '../../model/facts.js';
import { Problem, type ProblemDocument } from '../../model/problem.js';
import { accountStatus } from '../../model/status.js';
import type { ClaimedValidation, RaStore } from '../../store/contract/ra.js';
import type { ValidationResult, Validator } from '../../va/types.js';
import type { Policy } from '../policy.js';
import { FairShares, type Share } from './fair-shares.js';
import { type QueueSurroundings, WorkQueue } from './work-queue.js';

/** Validations at once, beside those of targets that hung: each is mostly waiting for a peer, and holds a socket or two. */
const CAPACITY = 192;
/** Of these, the places reserved for accounts without a running validation, and the limit of one account. */
const SPARE = 32;
const PER_ACCOUNT = 32;
/** The most whose target hung before, and of these the most of one account. */
const HUNG = 64;
const HUNG_PER_ACCOUNT = 8;
/** A target that fails after so long, in ms, hangs. */
const HANGS_AFTER = 2_000;
/** A validation that took so long, in ms, gives way when there is no place for an account that has none under way. */
const PATIENCE = 500;
/** Longer than one attempt can take (the validator's own deadline is 10 s), and how long a dead holder's challenge waits at most. */
const LEASE = 15_000;

interface ValidationQueueOptions extends QueueSurroundings {
  store: RaStore;
  validator: Validator;
  policy: Pick<Policy, 'retryDelays' | 'authorizationLifetime'>;
  /** Every URL of an account, today's first: what records that name one may say (RFC 8657 §3). */
  accountUrls(accountId: string): Promise<readonly string[]>;
  onAttempt(claimed: ClaimedValidation, result: ValidationResult): void;
}

/**
 * RFC 8555 §8.2: answered challenges are tried at once, again after pauses while there is hope, and end valid or
 * invalid, whatever happens to this process in between.
 */
export class ValidationQueue {
  readonly #options: ValidationQueueOptions;
  readonly runner: WorkQueue<Validation, Authorization | null>;
  readonly #shares: FairShares;
  /** Answers being given, by authorization and type: one given twice at once is validated once. */
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
   * Starts the validation of a challenge just answered and waits at most `hold` milliseconds for its outcome: the
   * authorization as it then is, or null when there is none yet (or somebody answered before). On return the answer is
   * stored, in one write with the outcome where that came in time: until then nothing is promised.
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
    // Nobody is told of the answer yet, so nobody takes it up. One given to two RAs at once is tried by both; the first outcome
    // counts.
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
   * An account may be stopped between its answer and an attempt. Asked where time has passed, and always where the proof is in
   * place before the answer: nothing but the account stands between a thief of its key and the name there.
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
    this.#shares.found(authorization.identifier.value, hung);
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

/** Why nothing is asked of the network for an account that was stopped. */
const STOPPED: ValidationResult = {
  ok: false,
  type: 'unauthorized',
  detail: 'the account is deactivated',
  retryable: false,
  attempts: [],
};

/** A validation to carry out; with `answer` one whose challenge may not be stored as answered yet. */
interface Validation extends ClaimedValidation {
  answer?: Answer;
}

function shareOf({ authorization }: Validation): Share {
  return { account: authorization.accountId, target: authorization.identifier.value };
}

/** A client's answer to a challenge, stored once by whoever needs it on disk first. */
class Answer {
  #stored: Promise<boolean> | null = null;

  constructor(
    private readonly raStore: RaStore,
    private readonly authorizationId: string,
    private readonly type: ChallengeType,
    private readonly at: number,
    private readonly leaseUntil: number,
  ) {}

  /** False when it was answered before or the authorization is ended. */
  store(): Promise<boolean> {
    this.#stored ??= this.raStore.answerChallenge(this.authorizationId, this.type, this.at, this.leaseUntil);
    return this.#stored;
  }

  /** When it was given, to be stored with the outcome; null when it is on disk already. */
  async unstored(): Promise<number | null> {
    if (this.#stored === null) return this.at;
    await this.#stored;
    return null;
  }
}

/** §8: what goes into the challenge's `error`. */
function problemOf(result: Extract<ValidationResult, { ok: false }>): ProblemDocument {
  return new Problem(result.type, result.detail).toDocument();
}
