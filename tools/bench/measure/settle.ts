import { setTimeout as pause } from 'node:timers/promises';
import { Load } from '../driver/load.js';
import type { Responder } from '../driver/responder.js';
import { processesOf, type Target } from '../servers/target.js';
import { cpuOf, figuresOf } from './processes.js';
import { Stalled } from './turn.js';

/** How a fresh server is warmed up until its figures are stable. */
export interface Settling {
  clients: number;
  /** Number of certificates that count as the cold start. */
  cold: number;
  /** Number of certificates after which the JIT has compiled the code. */
  warm: number;
}

/** Milliseconds without a certificate after which a server counts as locked up. */
const STALL = 10_000;
/** Milliseconds between checks. */
const LOOK = 50;

/**
 * Takes a fresh server through its first certificates; returns the ms of CPU per cold one. @throws Stalled
 */
export async function settle(target: Target, responder: Responder, options: Settling): Promise<number> {
  const load = new Load(target, responder, options.clients, `cold-${Date.now().toString(36)}`);
  const processes = () => processesOf(target);
  const cpu = () => Object.values(figuresOf(processes, cpuOf)).reduce((sum, each) => sum + each, 0);
  await load.start();
  load.measure();
  const before = cpu();
  const until = async (count: number) => {
    let [seen, changedAt] = [-1, performance.now()];
    for (;;) {
      const { length } = load.seen().issued;
      if (length >= count) return length;
      const now = performance.now();
      if (length !== seen) [seen, changedAt] = [length, now];
      if (now - changedAt > STALL) throw new Stalled(`${target.name} issued nothing for ${STALL} ms`);
      await pause(LOOK);
    }
  };
  try {
    const issued = await until(options.cold);
    const cold = (cpu() - before) / issued;
    await until(options.warm);
    return cold;
  } finally {
    await load.stop();
  }
}
