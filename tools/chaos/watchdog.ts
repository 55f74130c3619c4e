import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between checks for progress. */
const LOOK_EVERY = 2_000;
/** Milliseconds without progress after which a run is stuck: longer than the sum of all its time limits. */
const STUCK_AFTER = 180_000;
/** Time limit for the thread pool, which answers in microseconds; ms. */
const POOL_ANSWERS_WITHIN = 5_000;

/** A run without progress; the message says what it was waiting for. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** The current activities, each in words that change as it progresses. */
const underWay = new Set<() => string>();

/** Watches an activity's words from now on; returns the function that ends that. */
export function watched(describe: () => string): () => void {
  underWay.add(describe);
  return () => underWay.delete(describe);
}

export interface WatchOptions {
  /** Every line counts as progress. */
  told(): number;
  lookEvery?: number;
  stuckAfter?: number;
  time?: WatchTime;
}

/** The clock of a watch. */
export interface WatchTime {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** @throws the signal's reason if it is aborted */
  pause(milliseconds: number, signal: AbortSignal): Promise<unknown>;
}

const REAL_TIME: WatchTime = {
  now: () => performance.now(),
  pause: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
};

/** The outcome of the work. @throws Stuck without progress, so that a run ends with a verdict */
export async function unlessStuck<T>(
  work: Promise<T>,
  { told, lookEvery = LOOK_EVERY, stuckAfter = STUCK_AFTER, time = REAL_TIME }: WatchOptions,
): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work, stuck(told, lookEvery, stuckAfter, time, over.signal)]);
  } finally {
    over.abort();
  }
}

async function stuck(
  told: () => number,
  every: number,
  after: number,
  time: WatchTime,
  over: AbortSignal,
): Promise<never> {
  let seen = '';
  let since = time.now();
  for (;;) {
    await time.pause(every, over);
    const now = [String(told()), ...words()].join('\n');
    if (now !== seen) since = time.now();
    seen = now;
    if (time.now() - since < after) continue;
    const facts = [...words(), await threadPool(), resources()].map((each) => `  ${each}`);
    throw new Stuck(`no progress for ${Math.round(after / 1000)} s:\n${facts.join('\n')}`);
  }
}

const words = (): string[] => [...underWay].map((describe) => describe());

/** File access and host lookups use the thread pool: four stuck threads block all of them. */
async function threadPool(): Promise<string> {
  const late = pause(POOL_ANSWERS_WITHIN, 'does not answer: each of its threads waits for something', {
    ref: false,
  });
  return `the thread pool ${await Promise.race([stat('.').then(() => 'answers'), late])}`;
}

/** The handles that keep this process alive, by kind. */
function resources(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return `open here: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
}
