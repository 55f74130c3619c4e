import type { Failure } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { RaStore } from '../store/contract/ra.js';
import type { Ids } from './ids.js';

/** Limits of stored failures, for one name and for all names. */
const KEEP_OF_NAME = 10;
export const KEEP_FAILURES = 3_000;
/** How long failures are stored, in ms. */
export const KEEP_FAILURES_FOR = 30 * 24 * 3600_000;
/** Failures written in a burst, and per minute after it, so that a flood of refusals does not become a flood of writes. */
const BURST = 100;
const PER_MINUTE = 60;
/** Stored characters of a name and of a reason; DNS names are shorter. */
export const MOST_NAME = 255;
export const MOST_WHY = 500;
/** Names recorded of one refused order. */
const MOST_NAMES = 10;

/** Records the last failures of each name and their reasons, for operators. */
export class FailureLog {
  #allowance = BURST;
  #refilledAt: number;

  constructor(
    private readonly store: Pick<RaStore, 'recordFailure'>,
    private readonly ids: Ids,
    private readonly clock: () => number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#refilledAt = clock();
  }

  /** Records a failure; the write is not awaited. */
  record({ name, step, accountId, why }: Omit<Failure, 'id' | 'at'>): void {
    if (!this.#allowed()) return;
    const at = this.clock();
    const cut = (text: string, most: number) => text.replaceAll('\0', '').slice(0, most);
    const failure = {
      ...{ id: this.ids.next(at), at, step, accountId },
      ...{ name: cut(name, MOST_NAME), why: cut(why, MOST_WHY) },
    };
    this.store.recordFailure(failure, KEEP_OF_NAME).catch(this.onError);
  }

  /** Records a refused order: each name the problem mentions, else each name that was ordered. */
  refusedOrder(problem: Problem, accountId: string, ordered: readonly string[], step = 'order'): void {
    const { identifier, subproblems = [] } = problem.options;
    const named = [
      ...(identifier ? [{ name: identifier.value, why: problem.detail }] : []),
      ...subproblems.flatMap((each) =>
        each.identifier ? [{ name: each.identifier.value, why: each.detail }] : [],
      ),
    ];
    const all = named.length > 0 ? named : ordered.map((name) => ({ name, why: problem.detail }));
    for (const each of all.slice(0, MOST_NAMES)) this.record({ ...each, step, accountId });
  }

  #allowed(): boolean {
    const now = this.clock();
    const refill = (Math.max(0, now - this.#refilledAt) / 60_000) * PER_MINUTE;
    this.#allowance = Math.min(BURST, this.#allowance + refill);
    this.#refilledAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}

/** Awaits work that may refuse a client, and notes the refusal. */
export async function noting<T>(work: Promise<T>, note: (problem: Problem) => void): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) note(error);
    throw error;
  }
}
