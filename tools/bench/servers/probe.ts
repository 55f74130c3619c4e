import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventLoopDelay } from '../probe.js';

const PROBE = join(import.meta.dirname, '../probe.js');

/** Environment that loads the probe into a program under measurement; see probe.ts. */
export function probed(folders: { delays?: string; profiles?: { folder: string; after: number } }) {
  const { delays, profiles } = folders;
  for (const folder of [delays, profiles?.folder])
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  return {
    NODE_OPTIONS: `--import=${PROBE}`,
    ...(delays !== undefined && { UPKI_BENCH_DELAY_DIR: delays }),
    ...(profiles && {
      UPKI_BENCH_PROFILE_DIR: profiles.folder,
      UPKI_BENCH_PROFILE_AFTER: String(profiles.after),
    }),
  };
}

/** Delays of a process's event loop since the last call. */
export async function eventLoopDelay(folder: string, pid: number): Promise<EventLoopDelay> {
  const path = join(folder, `${pid}.json`);
  rmSync(path, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let tries = 0; ; tries += 1) {
    await pause(20);
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as EventLoopDelay;
    } catch (error) {
      if (tries > 250) throw error;
    }
  }
}
