import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../lib/files.js';
import { LAST_SEEN } from '../lib/last-seen.js';
import { SingleFlight } from '../lib/single-flight.js';
import { SECOND } from '../lib/time.js';
import { isShared, shownLocation } from '../store/index.js';
import { CannotStart } from './exit.js';

/**
 * A program counts in its database, and notes in its folder how far: first the one, then the other, each durably. A database that is
 * behind its folder has lost what was written last: its write-ahead log was removed, or an older copy was put in its place.
 */

/** The setting that counts. */
const COUNTED = 'last seen';
const EVERY = 30 * SECOND;

const counted = z.object({ count: z.number().int().min(0), at: z.number() });
type Counted = z.infer<typeof counted>;

interface Store {
  getSetting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;
}

export interface LastSeenOptions {
  store: Store;
  /** The program's own folder, which it alone writes. */
  directory: string;
  /** `sqlite:PATH`, `PATH` or `postgres://…`. */
  location: string;
  clock(): number;
  log: Pick<Logger, 'error'>;
}

const read = (text: string | null): Counted | null => {
  try {
    return counted.parse(JSON.parse(text ?? 'null'));
  } catch {
    // Nothing to compare with is no reason not to start.
    return null;
  }
};

/** How far behind its folder a database is, in a sentence; null: it is not, or nothing is known. */
export async function behindBy({
  store,
  directory,
  location,
}: Pick<LastSeenOptions, 'store' | 'directory' | 'location'>): Promise<string | null> {
  const noted = read(await readIfThere(join(directory, LAST_SEEN)));
  if (noted === null) return null;
  const held = read(await store.getSetting(COUNTED));
  if (held !== null && held.count >= noted.count) return null;
  const moment = held === null ? 'from before this was noted' : `of ${iso(held.at)}`;
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

/**
 * Compares, then counts on; what it returns ends it with a last count. A database in PostgreSQL that is behind is told of and goes on:
 * replicas must follow a standby by themselves.
 * @throws CannotStart for a SQLite file that is behind
 */
export async function watchLastSeen(options: LastSeenOptions): Promise<() => Promise<void>> {
  const { store, directory, location, clock, log } = options;
  const behind = await behindBy(options);
  if (behind !== null && !isShared(location)) throw new CannotStart(behind);
  if (behind !== null) log.error(behind);
  let last = 0;
  const count = async () => {
    const held = read(await store.getSetting(COUNTED))?.count ?? 0;
    if (held < last)
      log.error(`${shownLocation(location)} has gone back: what was written last is not in it any more`);
    last = held + 1;
    const text = JSON.stringify({ count: last, at: clock() } satisfies Counted);
    await store.putSetting(COUNTED, text);
    await writeDurably(join(directory, LAST_SEEN), `${text}\n`, 0o600);
  };
  // The database or the disk may be away, which others tell.
  const counting = new SingleFlight(() => count().catch(() => undefined));
  await counting.join();
  const timer = setInterval(() => counting.join(), EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    return counting.after();
  };
}

/** Of what moment a database is that was put back by other means, in ms since the epoch; null: unknown. */
export async function heldAt(store: Store): Promise<number | null> {
  return read(await store.getSetting(COUNTED))?.at ?? null;
}
