import { setTimeout as pause } from 'node:timers/promises';

/** Checks by their names, which report a failure. A check resolves when its part works. */
type HealthChecks = Record<string, () => Promise<unknown>>;

export interface Health {
  checks: HealthChecks;
  /** Warnings for an operator, as sentences: an issuer expires soon, for example. */
  warnings(): string[];
}

/** Time limit of a check in ms, shorter than the usual timeout of a load balancer's probe. */
const CHECK_LIMIT = 2000;

/** A check failed. The message is for operators and replaces the check's name in the answer. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/** The checks that failed or took too long: the message of `NotReady`, else the check's name. */
export async function failedChecks(checks: HealthChecks, limit = CHECK_LIMIT): Promise<string[]> {
  const outcomes = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => complaint(name, check, limit)),
  );
  return outcomes.filter((each) => each !== null);
}

/** Null when the check passes in time. */
async function complaint(name: string, check: () => Promise<unknown>, limit: number): Promise<string | null> {
  const stop = new AbortController();
  try {
    const late = pause(limit, name, { signal: stop.signal, ref: false }).catch(() => name);
    return await Promise.race([check().then(() => null), late]);
  } catch (error) {
    return error instanceof NotReady ? error.message : name;
  } finally {
    stop.abort();
  }
}
