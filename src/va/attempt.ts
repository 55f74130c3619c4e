import type { Deadline } from './deadline.js';
import { ValidationFailure } from './failure.js';
import { RedirectPolicy } from './redirect-policy.js';
import type { AttemptRecord } from './types.js';

/** The state that one validation carries through its steps. */
export interface Attempt {
  deadline: Deadline;
  records: AttemptRecord[];
  /** Addresses that did not accept a connection. They are tried last if they appear again. */
  dead: Set<string>;
  redirects: RedirectPolicy;
  now(): number;
}

export function newAttempt(deadline: Deadline, now: () => number): Attempt {
  return { deadline, records: [], dead: new Set(), redirects: new RedirectPolicy(), now };
}

/** Starts the record of a target. The returned function adds it, with the outcome and the time since then. */
export function startRecord(attempt: Attempt, target: string): (outcome: string) => void {
  const started = attempt.now();
  return (outcome) => {
    attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
  };
}

/** Runs a step and records its outcome: the text of its result, or why it failed. */
export async function recorded<T>(
  attempt: Attempt,
  target: string,
  step: () => Promise<T>,
  outcomeOf: (result: T) => string,
): Promise<T> {
  const record = startRecord(attempt, target);
  try {
    const result = await step();
    record(outcomeOf(result));
    return result;
  } catch (error) {
    record(error instanceof ValidationFailure ? error.detail : 'failed');
    throw error;
  }
}
