import { setTimeout as pause } from 'node:timers/promises';

/** Each resolves when that part works, by the words it is reported missing with. */
export type HealthChecks = Record<string, () => Promise<unknown>>;

/** Shorter than the time-outs load balancers commonly give a probe. */
const CHECK_LIMIT = 2000;

/** The names of the checks that failed or took too long. */
export async function failedChecks(checks: HealthChecks, limit = CHECK_LIMIT): Promise<string[]> {
  const outcomes = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ((await passes(check, limit)) ? [] : [name])),
  );
  return outcomes.flat();
}

async function passes(check: () => Promise<unknown>, limit: number): Promise<boolean> {
  const stop = new AbortController();
  try {
    const late = pause(limit, false, { signal: stop.signal, ref: false }).catch(() => false);
    return await Promise.race([check().then(() => true), late]);
  } catch {
    return false;
  } finally {
    stop.abort();
  }
}
