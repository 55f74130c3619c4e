import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** How often it is looked whether anything has moved, ms. */
const LOOK_EVERY = 2_000;
/** A run in which nothing has moved for so long waits for something that does not come, ms: longer than every limit in it together. */
const STUCK_AFTER = 180_000;
/** The thread pool answers in microseconds; ms. */
const POOL_ANSWERS_WITHIN = 5_000;

/** Nothing moved any more; the message says what was waited for. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** What is under way, each in words that change as it goes on. */
const underWay = new Set<() => string>();

/** From now on its words are looked at; what it returns ends that. */
export function watched(describe: () => string): () => void {
  underWay.add(describe);
  return () => underWay.delete(describe);
}

export interface WatchOptions {
  /** Moves with every line that is told. */
  told(): number;
  lookEvery?: number;
  stuckAfter?: number;
  time?: WatchTime;
}

/** The time that passes for a watch. */
export interface WatchTime {
  /** Milliseconds since some moment. */
  now(): number;
  /** @throws the signal's reason when it is aborted */
  pause(milliseconds: number, signal: AbortSignal): Promise<unknown>;
}

const REAL_TIME: WatchTime = {
  now: () => performance.now(),
  pause: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
};

/** The outcome of the work. @throws Stuck when nothing moves any more, so that a run ends with a verdict */
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
    throw new Stuck(`nothing has moved for ${Math.round(after / 1000)} s:\n${facts.join('\n')}`);
  }
}

const words = (): string[] => [...underWay].map((describe) => describe());

/** Files and names of hosts are asked for there: four stuck threads hold up all of them. */
async function threadPool(): Promise<string> {
  const late = pause(POOL_ANSWERS_WITHIN, 'does not answer: each of its threads waits for something', {
    ref: false,
  });
  return `the thread pool ${await Promise.race([stat('.').then(() => 'answers'), late])}`;
}

/** What keeps this process awake, by kind. */
function resources(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return `open here: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
}
