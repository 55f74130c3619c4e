import { readFileSync } from 'node:fs';

/** Process ids by the name of the part they belong to. */
export type Processes = Record<string, readonly number[]>;

/** USER_HZ: the unit of times in /proc is 10 ms on every Linux. */
const TICK = 10;

/** How often processes are listed again when one ends between being listed and being read. */
const TRIES = 3;

/** A figure for each part that consists of processes. @throws Error if a process ends during each of several attempts */
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
 * CPU time used by processes so far, user and system, all threads, in ms. Ended children count with the process that
 * waited for them: a database's sessions with the process that started them.
 * @throws Error if a process has ended
 */
export function cpuOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    // proc(5): the name in parentheses may contain anything; utime, stime, cutime and cstime are fields 14 to 17.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * TICK;
}

/** Peak resident sets so far, in MiB; shared memory counts in each process. @throws Error if a process has ended */
export function peakOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + memoryOf(pid).peak, 0);
}

/** Peak and current resident set, in MiB. @throws Error if the process has ended */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { peak: kib('VmHWM') / 1024, now: kib('VmRSS') / 1024 };
}
