import { readFileSync } from 'node:fs';

/** Process ids by the name of what consists of them. */
export type Processes = Record<string, readonly number[]>;

/** USER_HZ: the unit of times in /proc is 10 ms on every Linux. */
const TICK = 10;

/** How often processes are listed, while one ends between being listed and being read. */
const TRIES = 3;

/** A figure for each of what consists of processes. @throws Error when one of them stays gone */
export function figuresOf(
  list: () => Processes,
  figure: (pids: readonly number[]) => number,
): Record<string, number> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return Object.fromEntries(Object.entries(list()).map(([name, pids]) => [name, figure(pids)]));
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/**
 * CPU that processes used so far, user and system, all threads, in ms. What children used that have ended counts where they were
 * waited for: a database's sessions with the process that began them.
 * @throws Error when a process is gone
 */
export function cpuOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    // proc(5): the name in parentheses may hold anything; utime, stime, cutime and cstime are fields 14 to 17.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * TICK;
}

/** Highest resident sets so far, in MiB; memory that processes share counts in each. @throws Error when a process is gone */
export function peakOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + memoryOf(pid).peak, 0);
}

/** Highest resident set so far, and the present one, in MiB. @throws Error when the process is gone */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { peak: kib('VmHWM') / 1024, now: kib('VmRSS') / 1024 };
}
