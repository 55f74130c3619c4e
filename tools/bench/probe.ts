import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, threadId } from 'node:worker_threads';

/**
 * Loaded into the measured programs (`NODE_OPTIONS=--import=…/probe.js`), so that the product needs no code for
 * it. Environment:
 *
 * - `UPKI_BENCH_DELAY_DIR`: at each SIGUSR2 the delays of the main event loop since the last one are written to `<pid>.json` there.
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
}

if (watched && isMainThread && delays) watchDelays(delays);
if (watched && profiles) profileLater(profiles, Number(process.env.UPKI_BENCH_PROFILE_AFTER ?? 0));

function watchDelays(folder: string): void {
  /** ms between samples; a timer's own delay is subtracted. */
  const resolution = 1;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  process.on('SIGUSR2', () => {
    const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution);
    const delay: EventLoopDelay = {
      max: ms(histogram.max),
      p99: ms(histogram.percentile(99)),
      mean: ms(histogram.mean),
    };
    histogram.reset();
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(delay));
  });
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
