import { setTimeout as pause } from 'node:timers/promises';
import { Load, type Seen } from '../driver/load.js';
import type { Responder } from '../driver/responder.js';
import { processesOf, type Target } from '../servers/target.js';
import { cpuOf, figuresOf, peakOf } from './processes.js';

/** One server's turn under load. */
export interface Turn {
  seconds: number;
  seen: Seen;
  /** ms, by process. */
  serverCpu: Record<string, number>;
  driverCpu: number;
  /** MiB, by process. */
  peakRss: Record<string, number>;
  /** The server locked up and was ended; the figures cover the time before. */
  stalled: boolean;
}

export interface TurnOptions {
  clients: number;
  seconds: number;
  /** Not counted: caches fill and code is compiled. */
  warmUp: number;
}

/** Milliseconds without a certificate after which a server counts as locked up. */
const STALL = 3_000;
/** The shortest time before a lock-up that still counts, in ms. */
const LEAST = 2_000;

/** Milliseconds between checks for new certificates. */
const LOOK = 250;

/** The server stopped responding too early in a turn, and was ended. */
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

/** Waits; returns for how long certificates were issued, and whether that was all the time. */
async function watch(load: Load, time: number): Promise<{ milliseconds: number; stalled: boolean }> {
  const began = performance.now();
  let [count, changedAt] = [0, began];
  for (;;) {
    const now = performance.now();
    const { length } = load.seen().issued;
    if (length !== count) [count, changedAt] = [length, now];
    if (now - changedAt > STALL) return { milliseconds: changedAt - began, stalled: true };
    // A pause at the end of the turn may be a lock-up, so the turn waits for its end.
    if (now - began >= time && now - changedAt < LOOK * 2)
      return { milliseconds: now - began, stalled: false };
    await pause(Math.max(1, Math.min(LOOK, time - (now - began))));
  }
}
