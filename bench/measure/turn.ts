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
}

export interface TurnOptions {
  clients: number;
  seconds: number;
  /** Not counted: caches fill, code is compiled. */
  warmUp: number;
}

/** A server that issues nothing for so long has locked itself up, in seconds. */
const STALL = 4;

/** The server stopped answering in the middle of a turn, and was ended. */
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
  const began = performance.now();
  const driverBefore = process.cpuUsage();
  const before = figuresOf(processes, cpuOf);
  if (!(await progresses(load, options.seconds))) {
    const stopped = load.stop();
    await target.stop();
    await stopped;
    throw new Stalled(`${target.name} issued nothing for ${STALL} s`);
  }
  const seen = load.seen();
  const seconds = (performance.now() - began) / 1000;
  const after = figuresOf(processes, cpuOf);
  const { user, system } = process.cpuUsage(driverBefore);
  await load.stop();
  return {
    seconds,
    seen,
    serverCpu: Object.fromEntries(
      Object.entries(after).map(([name, cpu]) => [name, cpu - (before[name] ?? 0)]),
    ),
    driverCpu: (user + system) / 1000,
    peakRss: figuresOf(processes, peakOf),
  };
}

/** Waits; false when nothing was issued for too long. */
async function progresses(load: Load, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  let [count, changedAt] = [-1, performance.now()];
  for (;;) {
    const now = performance.now();
    const { length } = load.seen().issued;
    if (length !== count) [count, changedAt] = [length, now];
    else if (now - changedAt > STALL * 1000) return false;
    if (now >= end) return true;
    await pause(Math.min(500, end - now));
  }
}
