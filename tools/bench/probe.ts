import { openSync, readSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, threadId } from 'node:worker_threads';

/**
 * Loaded into the measured programs (`NODE_OPTIONS=--import=…/probe.js`), so that the product needs no code for
 * it. Environment:
 *
 * - `UPKI_BENCH_DELAY_DIR`: at each SIGUSR2 the delays of the main event loop since the last one, and the CPU time of its turns, are
 *   written to `<pid>.json` there.
 * - `UPKI_BENCH_PROFILE_DIR`, `UPKI_BENCH_PROFILE_AFTER` (s): a V8 CPU profile of each thread, from that time to its end.
 */
const { UPKI_BENCH_DELAY_DIR: delays, UPKI_BENCH_PROFILE_DIR: profiles } = process.env;
// Threads inherit the environment of the main thread, but not its arguments.
if (isMainThread) process.env.UPKI_BENCH_PROGRAM = process.argv.slice(-2).join(' ');
const [program = '', action] = (process.env.UPKI_BENCH_PROGRAM ?? '').split(' ');
const watched = action === 'start' && ['ra', 'ca'].includes(program);

/** In ms. */
export interface EventLoopDelay {
  max: number;
  p99: number;
  mean: number;
  /** CPU time that the thread used in its longest turn: what it would have been late by on a processor of its own. */
  longestTurn: number;
  /** Number of turns that used more than 20 ms. */
  turnsAbove20: number;
}

if (watched && isMainThread && delays) watchDelays(delays);
if (watched && profiles) profileLater(profiles, Number(process.env.UPKI_BENCH_PROFILE_AFTER ?? 0));

function watchDelays(folder: string): void {
  /** ms between samples; a timer's own delay is subtracted. */
  const resolution = 1;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  const mainThreadCpu = cpuClock();
  const turns = { longest: 0, above20: 0 };
  let before = mainThreadCpu();
  setInterval(() => {
    const now = mainThreadCpu();
    turns.longest = Math.max(turns.longest, now - before);
    if (now - before > 20) turns.above20 += 1;
    before = now;
  }, resolution).unref();
  process.on('SIGUSR2', () => {
    const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution);
    const delay: EventLoopDelay = {
      max: ms(histogram.max),
      p99: ms(histogram.percentile(99)),
      mean: ms(histogram.mean),
      longestTurn: turns.longest,
      turnsAbove20: turns.above20,
    };
    histogram.reset();
    Object.assign(turns, { longest: 0, above20: 0 });
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(delay));
  });
}

/**
 * Returns the CPU time of the main thread so far, in ms. A timer that is due each millisecond runs once a turn, so the difference
 * between two calls is the time of one turn, or of several short ones.
 */
function cpuClock(): () => number {
  // proc(5): the first figure is the time on a processor, in ns. The main thread has the id of the process.
  const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const figures = Buffer.alloc(64);
  return () => {
    // The kernel counts a running thread at each tick, every 4 ms; getrusage(2) makes it count now.
    process.cpuUsage();
    const length = readSync(schedstat, figures, 0, figures.length, 0);
    return Number(figures.toString('latin1', 0, length).split(' ')[0]) / 1e6;
  };
}

function profileLater(folder: string, after: number): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 500 });
  setTimeout(() => session.post('Profiler.start'), after * 1000).unref();
  process.on('exit', () => {
    session.post('Profiler.stop', (error, result) => {
      if (error) return;
      const thread = isMainThread ? 'main' : `thread${threadId}`;
      writeFileSync(
        join(folder, `${basename(program)}-${thread}.cpuprofile`),
        JSON.stringify(result.profile),
      );
    });
  });
}
