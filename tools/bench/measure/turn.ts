import { setTimeout as pause } from 'node:timers/promises';
import { Load, type Seen } from '../driver/load.js';
import type { Responder } from '../driver/responder.js';
import { processesOf, type Target } from '../servers/target.js';
import { cpuOf, figuresOf, peakOf } from './processes.js';

/** One server under load for a while. */
export interface Turn {
  seconds: number;
  seen: Seen;
  /** ms, by process. */
  serverCpu: Record<string, number>;
  driverCpu: number;
  /** MiB, by process. */
  peakRss: Record<string, number>;
  /** The server locked itself up and was ended; the figures are of the time before. */
  stalled: boolean;
}

export interface TurnOptions {
  clients: number;
  seconds: number;
  /** Not counted: caches fill, code is compiled. */
  warmUp: number;
}

/** A server that issues nothing for so long has locked itself up, in ms. */
const STALL = 3_000;
/** What it issued before counts when it took at least this long, in ms. */
const LEAST = 2_000;

/** How often is looked whether something was issued, in ms. */
const LOOK = 250;

/** The server stopped answering too early in a turn, and was ended. */
export class Stalled extends Error {}

let turns = 0;

/** @throws Stalled */
export async function runTurn(target: Target, responder: Responder, options: TurnOptions): Promise<Turn> {
  const label = `t${turns}-${Date.now().toString(36)}`;
  turns += 1;
  const load = new Load(target, responder, options.clients, label);
  await load.start();
  await pause(options.warmUp * 1000);
  const processes = () => processesOf(target);
  load.measure();
  const driverBefore = process.cpuUsage();
  const before = figuresOf(processes, cpuOf);
  const { milliseconds, stalled } = await watch(load, options.seconds * 1000);
  const seen = load.seen();
  const after = figuresOf(processes, cpuOf);
  const { user, system } = process.cpuUsage(driverBefore);
  const peakRss = figuresOf(processes, peakOf);
  const stopped = load.stop();
  if (stalled) await target.stop();
  await stopped;
  if (stalled && milliseconds < LEAST) throw new Stalled(`${target.name} issued nothing for ${STALL} ms`);
  return {
    seconds: milliseconds / 1000,
    seen,
    serverCpu: Object.fromEntries(
      Object.entries(after).map(([name, cpu]) => [name, cpu - (before[name] ?? 0)]),
    ),
    driverCpu: (user + system) / 1000,
    peakRss,
    stalled,
  };
}

/** Waits; how long something was issued, and whether that was all the time. */
async function watch(load: Load, time: number): Promise<{ milliseconds: number; stalled: boolean }> {
  const began = performance.now();
  let [count, changedAt] = [0, began];
  for (;;) {
    const now = performance.now();
    const { length } = load.seen().issued;
    if (length !== count) [count, changedAt] = [length, now];
    if (now - changedAt > STALL) return { milliseconds: changedAt - began, stalled: true };
    // A pause at the end is waited out: only then is it known whether it is one.
    if (now - began >= time && now - changedAt < LOOK * 2)
      return { milliseconds: now - began, stalled: false };
    await pause(Math.max(1, Math.min(LOOK, time - (now - began))));
  }
}
