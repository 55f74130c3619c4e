import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../lib/files.js';
import { LAST_SEEN } from '../lib/last-seen.js';
import { pacedText, readPaced } from '../lib/paced-time.js';
import { REMOVED_BY, STEADY_FOR } from '../lib/purge.js';
import { SingleFlight } from '../lib/single-flight.js';
import { SteadyClock } from '../lib/steady-clock.js';
import { DAY, MINUTE, SECOND } from '../lib/time.js';
import { RESTORED } from '../store/contract/restored.js';
import { isShared, shownLocation } from '../store/index.js';
import { CannotStart } from './exit.js';

/**
 * A program increments a counter in its database, then writes the count to its folder, each durably. A database whose count is lower
 * than the folder's has lost its latest changes: its write-ahead log was removed, or the file was replaced by an older copy.
 */

/** The setting in the database with the counter. */
const COUNTED = 'last seen';
const EVERY = 30 * SECOND;

/** `even`: how long the clock of the counting program had run evenly, in ms; older versions did not record it. */
const counted = z.object({ count: z.number().int().min(0), at: z.number(), even: z.number().default(0) });
/** `lost`: the database was found behind; the value is the time of its contents then, or null if unknown. */
const inFolder = counted.extend({ lost: z.number().nullable().optional() });
const restored = z.object({ at: z.number() });
type Counted = z.infer<typeof counted>;

interface Store {
  getSetting(name: string): Promise<string | null>;
  countSetting(name: string, facts: Record<string, number>): Promise<number>;
  putSetting(name: string, value: string): Promise<void>;
}

interface LastSeenOptions {
  store: Store;
  /** The program's own folder; no other process writes to it. */
  directory: string;
  /** `sqlite:PATH`, `PATH` or `postgres://…`. */
  location: string;
  clock(): number;
  log: Pick<Logger, 'error'>;
}

/** Null for a missing or damaged text: without a value to compare, the program starts. */
function readAs<T>(schema: z.ZodType<T>, text: string | null): T | null {
  try {
    return schema.parse(JSON.parse(text ?? 'null'));
  } catch {
    return null;
  }
}
const read = (text: string | null): Counted | null => readAs(counted, text);

/** How far a database is behind its folder, as a sentence; null if it is not, or if that is unknown. */
export async function behindBy({
  store,
  directory,
  location,
}: Pick<LastSeenOptions, 'store' | 'directory' | 'location'>): Promise<string | null> {
  const noted = readAs(inFolder, await readIfThere(join(directory, LAST_SEEN)));
  if (noted === null) return null;
  const held = read(await store.getSetting(COUNTED));
  // Replicas continue to count in a database that went back.
  if (noted.lost === undefined && held !== null && held.count >= noted.count) return null;
  // The operator has accepted the database since then (`upki store restored`).
  const said = readAs(restored, await store.getSetting(RESTORED));
  if (said !== null && said.at > noted.at) return null;
  const of = noted.lost === undefined ? (held?.at ?? null) : noted.lost;
  const moment = of === null ? 'from before this was noted' : `of ${iso(of)}`;
  const why = isShared(location)
    ? 'it was restored, or a standby that lacked the last writes took over'
    : `the write-ahead log that belongs to it (${shownLocation(location)}-wal) was removed, or an older copy was put in its place`;
  return (
    `${shownLocation(location)} is behind: it is ${moment}, and this folder has seen it ${iso(noted.at)}. ${why[0]?.toUpperCase()}${why.slice(1)}; ` +
    'what was issued and revoked since is not in it. Put back what belongs together, or restore a backup. When there is nothing better, ' +
    `\`upki store restored -d ${directory}\` says that this is what there is: it goes on as after a restore`
  );
}

const iso = (time: number) => new Date(time).toISOString();

export interface LastSeenWatch {
  /** A sentence about data that the database lost while the program ran; null if it lost none. */
  behind(): string | null;
  /** Counts once more, and ends. */
  stop(): Promise<void>;
}

/**
 * Compares the counts, then continues to count. If the database goes back while the program runs, because a standby without the last
 * writes took over, that is logged and the program continues.
 * @throws CannotStart for a database that is behind
 */
export async function watchLastSeen(options: LastSeenOptions): Promise<LastSeenWatch> {
  const { store, directory, clock, log } = options;
  const note = (seen: object) => writeDurably(join(directory, LAST_SEEN), `${JSON.stringify(seen)}\n`, 0o600);
  const refusal = await behindBy(options);
  if (refusal !== null) throw new CannotStart(refusal);
  const steady = new SteadyClock();
  let behind: string | null = null;
  let last = 0;
  const count = async () => {
    // Compare before the new count hides the loss. `upki store restored` ends the warning.
    const found = last === 0 ? null : await behindBy(options);
    if (found !== null && behind === null) {
      log.error(found);
      const seen = readAs(inFolder, await readIfThere(join(directory, LAST_SEEN)));
      await note({ ...seen, lost: await heldAt(store) });
    }
    behind = found;
    const at = clock();
    const even = Math.floor(steady.evenFor(at));
    await mendCount(store, { count: last, at, even });
    const counted = await store.countSetting(COUNTED, { at, even });
    // The folder keeps its count until the operator has acted.
    if (behind !== null) return;
    last = counted;
    await note({ count: last, at });
  };
  // An unavailable database or disk is reported elsewhere.
  const counting = new SingleFlight(() => count().catch(() => undefined));
  await counting.join();
  const timer = setInterval(() => counting.join(), EVERY);
  timer.unref();
  return {
    behind: () => behind,
    stop: () => {
      clearInterval(timer);
      return counting.after();
    },
  };
}

/** A running program has counted within this time, in ms. */
const RECENT = 10 * EVERY;

/** How far the time by which the program removes rows may be behind its clock, in ms. */
const LAG = DAY;

/**
 * Why the clock of this machine may be wrong, in a sentence. Null if a program on the database agrees with this clock, and its own has
 * run evenly long enough that the program itself would delete expired data.
 */
export async function clockDoubt(store: Pick<Store, 'getSetting'>, now: number): Promise<string | null> {
  const seen = read(await store.getSetting(COUNTED));
  if (seen === null || Math.abs(now - seen.at) > RECENT) {
    const last = seen === null ? 'never' : `last on ${iso(seen.at)}`;
    return `it is ${iso(now)} here, and the program has used its database ${last}: it does not run, or one of the clocks was set`;
  }
  const removedBy = readPaced(await store.getSetting(REMOVED_BY))?.time ?? now;
  if (seen.even >= STEADY_FOR && now - removedBy <= LAG) return null;
  if (seen.even >= STEADY_FOR)
    return `it is ${iso(now)} here, and the program itself removes by age as of ${iso(removedBy)}: the clock was set, or the program did not run for long`;
  const minutes = Math.floor(seen.even / MINUTE);
  return `it is ${iso(now)} here, and the program has run by this clock for ${minutes} minutes, of the 60 after which it removes anything itself`;
}

/** The operator says that this clock is right: from now on the program removes rows by it. */
export async function trustClock(store: Pick<Store, 'putSetting'>, now: number): Promise<void> {
  await store.putSetting(REMOVED_BY, pacedText({ time: now, at: now }));
}

/** Replaces a damaged counter, which could never be incremented again. */
async function mendCount(store: Store, facts: Counted): Promise<void> {
  const held = await store.getSetting(COUNTED);
  if (held !== null && read(held) === null) await store.putSetting(COUNTED, JSON.stringify(facts));
}

/** The moment of a database's contents, in ms since the epoch; null if unknown. */
async function heldAt(store: Pick<Store, 'getSetting'>): Promise<number | null> {
  return read(await store.getSetting(COUNTED))?.at ?? null;
}

/** The time of the contents of a database that was restored by other means, when the program noticed it; null if unknown. */
export async function restoredTo(
  store: Pick<Store, 'getSetting'>,
  directory: string,
): Promise<number | null> {
  const noted = readAs(inFolder, await readIfThere(join(directory, LAST_SEEN)));
  return noted?.lost === undefined ? heldAt(store) : noted.lost;
}
