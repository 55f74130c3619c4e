import { setTimeout as pause } from 'node:timers/promises';
import { Load } from '../driver/load.js';
import type { Responder } from '../driver/responder.js';
import { processesOf, type Target } from '../servers/target.js';
import { cpuOf, figuresOf } from './processes.js';
import { Stalled } from './turn.js';

/** How a server that has just been started is brought to where its figure stands still. */
export interface Settling {
  clients: number;
  /** Certificates that count as the cold start. */
  cold: number;
  /** Certificates after which what is compiled while it runs is compiled. */
  warm: number;
}

/** A server that issues nothing for so long has locked itself up, in ms. */
const STALL = 10_000;
/** How often is looked, in ms. */
const LOOK = 50;

/**
 * Takes a fresh server through its first certificates; ms of CPU each of the cold ones took. @throws Stalled
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
