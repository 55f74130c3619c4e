import type { Logger } from 'pino';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../../lib/files.js';
import { MINUTE } from '../../lib/time.js';
import { Activity } from '../../ra/activity.js';

/** Between two writes; a crash forgets what was counted since. */
const SAVE_EVERY = 5 * MINUTE;

const count = z.number().int().min(0);
const file = z.array(z.object({ at: count, issued: count, failed: count, revoked: count })).max(1000);

/**
 * The counts for this RA's console, stored in a file across restarts. A damaged file is started anew: nothing
 * depends on it.
 */
export async function keptActivity(
  path: string,
  { clock, log, onClose }: { clock: () => number; log: Logger; onClose(undo: () => unknown): void },
): Promise<Activity> {
  const activity = new Activity(clock, await read(path));
  let saved = activity.changes;
  const save = async () => {
    if (saved === activity.changes) return;
    saved = activity.changes;
    await writeDurably(path, `${JSON.stringify(activity.hours())}\n`, 0o600).catch((err) =>
      log.warn({ err }, 'what the console shows of the last weeks is not kept'),
    );
  };
  const timer = setInterval(() => void save(), SAVE_EVERY);
  timer.unref();
  onClose(async () => {
    clearInterval(timer);
    await save();
  });
  return activity;
}

async function read(path: string): Promise<z.infer<typeof file>> {
  try {
    return file.parse(JSON.parse((await readIfThere(path)) ?? '[]'));
  } catch {
    return [];
  }
}
