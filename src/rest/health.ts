import { setTimeout as pause } from 'node:timers/promises';

/** Checks by the words that report their failure; each resolves when its part works. */
type HealthChecks = Record<string, () => Promise<unknown>>;

export interface Health {
  checks: HealthChecks;
  /** Warnings for an operator although everything works, such as an issuer that ends soon. Sentences. */
  warnings(): string[];
}

/** Shorter than the time-outs load balancers commonly give a probe. */
const CHECK_LIMIT = 2000;

/** A check failed for a reason that an operator must see: its message replaces the check's name. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/** The checks that failed or took too long, each by its name or the reason it gave. */
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
