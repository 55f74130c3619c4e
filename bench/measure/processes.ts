import { readFileSync } from 'node:fs';

/** What processes used so far; CPU of user and system, all threads, in ms. */
export interface Usage {
  cpu: number;
  user: number;
}

/** USER_HZ: the unit of times in /proc is 10 ms on every Linux. */
const TICK = 10;

/** @throws Error when a process is gone */
export function usageOf(pids: readonly number[]): Usage {
  let [user, system] = [0, 0];
  for (const pid of pids) {
    // proc(5): the name in parentheses may hold anything; utime and stime are fields 14 and 15.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    user += Number(fields[11]) * TICK;
    system += Number(fields[12]) * TICK;
  }
  return { cpu: user + system, user };
}

/** Highest resident set so far, and the present one, in MiB. */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { peak: kib('VmHWM') / 1024, now: kib('VmRSS') / 1024 };
}
