import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { optionsGiven, wholeNumber } from '../kit/command-line.js';
import { Chance } from '../promises/chance.js';
import { Ledger } from '../promises/ledger.js';
import { startNetwork } from '../promises/network.js';
import { Outages } from '../promises/outages.js';
import { Requests } from '../promises/requests.js';
import { Run } from '../promises/run.js';
import { System } from '../promises/system.js';
import { listing, roundLine, tally } from '../promises/tally.js';
import { World } from '../promises/world.js';
import { judgeBackup, type Taken, takeBackup } from './backup.js';
import { planRounds } from './plan.js';

const USAGE = `npm run tool crash -- [--rounds 50] [--clients 8] [--seed N]

  --rounds    number of rounds, each with a kill
  --clients   concurrent ACME clients
  --seed      repeats the kills and choices of an earlier run; each run prints its own
`;

interface Options {
  rounds: number;
  clients: number;
  seed: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Null if help was requested. @throws TypeError, RangeError with the reason */
function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '50' },
      clients: { type: 'string', default: '8' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    rounds: wholeNumber('rounds', values.rounds, 1, 10_000),
    clients: wholeNumber('clients', values.clients, 1, 100),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1),
  };
}

/** Returns whether no promise was broken. */
async function run({ rounds, clients, seed }: Options): Promise<boolean> {
  say(
    `seed ${seed}; the same again: npm run tool crash -- --rounds ${rounds} --clients ${clients} --seed ${seed}`,
  );
  const chance = new Chance(seed);
  const plan = planRounds(rounds, chance.branch());
  const ledger = new Ledger();
  const outages = new Outages();
  const requests = new Requests(outages, ledger.report);
  const network = await startNetwork();
  const system = await System.prepare(outages, network.env, ledger.report);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      say(`ended by ${signal}; kept: ${system.folder}`);
      await system.abort().finally(() => process.exit(1));
    });
  }
  const world = new World(system, network, ledger, requests);
  let done = 0;
  try {
    await system.start();
    const running = new Run(world, system, clients, chance);
    for (const round of plan) {
      const report = await running.round(() => system.strike(round));
      say(roundLine(++done, rounds, round, report));
      if (ledger.findings.length > 0) break;
    }
    const file = join(system.folder, 'backup.age');
    let taken: Taken | null = null;
    if (ledger.findings.length === 0) {
      await running.round(async () => {
        taken = await takeBackup(system.dataDir, file, ledger);
        return 0;
      });
    }
    say('checking every promise');
    await running.checkAll();
    await system.stop();
    if (taken !== null) {
      const lost = await judgeBackup(taken, join(system.folder, 'restored'), ledger);
      const words = Object.entries(lost).map(([what, count]) => `${count} ${what}`);
      say(`a backup taken under load, restored: it lacks ${words.join(', ')}, all promised after it began`);
    }
  } catch (error) {
    ledger.report('unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error));
    await system.abort();
  }
  say(
    `${requests.sent} requests, while a program was down ${requests.lost} not answered and ${requests.refused} ` +
      `refused with 503; ${world.badNonces} nonces of a run before`,
  );
  world.close();
  await network.close();
  for (const finding of ledger.findings) say(listing(finding));
  if (ledger.findings.length > 0) say(`kept: ${system.folder}`);
  else await system.forget();
  say(tally(`${done} rounds`, ledger));
  return ledger.findings.length === 0;
}

const options = optionsGiven(readOptions, USAGE);
// Open handles after a failure, such as a server of the network, must not keep the process alive.
process.exit((await run(options)) ? 0 : 1);
