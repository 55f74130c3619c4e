import { Agent } from 'node:https';
import { Chance } from '../promises/chance.js';
import type { Report } from '../promises/findings.js';
import { Ledger } from '../promises/ledger.js';
import { startNetwork } from '../promises/network.js';
import { Outages } from '../promises/outages.js';
import { Requests } from '../promises/requests.js';
import { Run, type Subject } from '../promises/run.js';
import { listing, tally } from '../promises/tally.js';
import { type Served, World } from '../promises/world.js';
import { onInterrupt } from './interrupt.js';
import { watched } from './watchdog.js';

/** A running uPKI of any size, under test. */
export interface Tried extends Served, Subject {
  /** The folder of its files, which is not deleted after a finding. */
  folder: string;
  /** Resolves when everything is ready. @throws Error if that takes too long */
  ready(): Promise<void>;
  /** Shuts it down cleanly. @throws Error if it does not end cleanly */
  stop(): Promise<void>;
  /** Ends it in any case. */
  abort(): Promise<void>;
  /** Deletes its files. */
  forget(): Promise<void>;
}

export interface Trial<S extends Tried> {
  subject: S;
  world: World;
  outages: Outages;
  run: Run;
  chance: Chance;
}

export interface TrialOptions<S extends Tried> {
  clients: number;
  seed: number;
  say(line: string): void;
  /** @param env makes it validate in the test network; @param report receives every unexcused error it logs */
  start(env: Record<string, string>, report: Report, outages: Outages): Promise<S>;
  /** Tests it; returns a summary for the tally. Any report to the ledger is a failure. */
  attempt(trial: Trial<S>): Promise<string>;
}

/** Starts a system, tests it, checks every promise, ends it and prints the findings. Returns whether there are none. */
export async function runTrial<S extends Tried>(options: TrialOptions<S>): Promise<boolean> {
  const { clients, say } = options;
  const chance = new Chance(options.seed);
  const ledger = new Ledger();
  const outages = new Outages();
  const requests = new Requests(outages, ledger.report);
  const network = await startNetwork();
  const subject = await options.start(network.env, ledger.report, outages);
  const over = onInterrupt(() => {
    say(`interrupted; kept: ${subject.folder}`);
    return subject.abort();
  });
  // Half of the clients keep their connections, the others open one for every request.
  const agents = [new Agent({ keepAlive: true, maxSockets: 32 }), new Agent({ keepAlive: false })] as const;
  const world = new World(subject, network, ledger, requests, agents);
  let done = 'nothing';
  let stage = 'it was started';
  const note = subject.note.bind(subject);
  subject.note = (line) => {
    stage = line;
    note(line);
  };
  const unwatch = watched(() => {
    const waiting = requests.waitingFor;
    return `${stage}; ${requests.sent} requests sent, waiting for ${waiting.slice(0, 5).join('; ') || 'none'}`;
  });
  try {
    const run = new Run(world, subject, clients, chance);
    done = await options.attempt({ subject, world, outages, run, chance });
    say('checking every promise');
    await run.checkAll();
    await subject.stop();
  } catch (error) {
    ledger.report('unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error));
    await subject.abort();
  }
  over();
  unwatch();
  world.close();
  await network.close();
  const { findings } = ledger;
  for (const finding of findings) say(listing(finding));
  if (findings.length > 0) say(`kept: ${subject.folder}`);
  else await subject.forget();
  say(
    `${requests.sent} requests, ${requests.lost} of them not answered and ${requests.refused} refused with 503 during a fault`,
  );
  say(tally(done, ledger));
  return findings.length === 0;
}
