import { setTimeout as pause } from 'node:timers/promises';
import { Load, type Seen } from '../driver/load.js';
import type { Responder } from '../driver/responder.js';
import type { Target } from '../servers/target.js';
import { memoryOf, usageOf } from './processes.js';

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
  const processes = [
    ...Object.entries(target.pids).map(([name, pid]) => [name, [pid]] as const),
    ...Object.entries(target.groups?.() ?? {}),
  ];
  load.measure();
  const began = performance.now();
  const driverBefore = process.cpuUsage();
  const before = processes.map(([, pids]) => usageOf(pids).cpu);
  if (!(await progresses(load, options.seconds))) {
    const stopped = load.stop();
    await target.stop();
    await stopped;
    throw new Stalled(`${target.name} issued nothing for ${STALL} s`);
  }
  const seen = load.seen();
  const seconds = (performance.now() - began) / 1000;
  const after = processes.map(([, pids]) => usageOf(pids).cpu);
  const { user, system } = process.cpuUsage(driverBefore);
  await load.stop();
  const byProcess = (value: (pids: readonly number[], index: number) => number) =>
    Object.fromEntries(processes.map(([name, pids], index) => [name, value(pids, index)]));
  return {
    seconds,
    seen,
    serverCpu: byProcess((_, index) => (after[index] ?? 0) - (before[index] ?? 0)),
    driverCpu: (user + system) / 1000,
    peakRss: byProcess((pids) => pids.reduce((sum, pid) => sum + memoryOf(pid).peak, 0)),
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
