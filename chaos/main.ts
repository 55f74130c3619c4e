import { Agent } from 'node:https';
import { Chance } from '../crash/chance.js';
import { Ledger } from '../crash/ledger.js';
import { startNetwork } from '../crash/network.js';
import { Outages } from '../crash/outages.js';
import { Requests } from '../crash/requests.js';
import { Run } from '../crash/run.js';
import { listing, tally } from '../crash/tally.js';
import { World } from '../crash/world.js';
import { Tools } from '../interop/tools.js';
import { Cluster } from './cluster.js';
import { FAULTS, type Fault } from './fault.js';
import { faultLine } from './lines.js';
import { saysDatabaseAway } from './logged.js';
import { type Options, readOptions, USAGE } from './options.js';
import { type Struck, strike } from './strike.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Every fault in turn on one cluster. Whether all was as promised. */
async function runFaults(
  faults: readonly Fault[],
  { clients, seed }: Options,
  tools: Tools,
): Promise<boolean> {
  const chance = new Chance(seed);
  const ledger = new Ledger();
  const outages = new Outages();
  const requests = new Requests(outages, ledger.report);
  const network = await startNetwork();
  const cluster = await Cluster.start({ tools, env: network.env, report: ledger.report });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      say(`ended by ${signal}; kept: ${cluster.folder}`);
      await cluster.abort().finally(() => process.exit(1));
    });
  }
  say(`three RAs behind ${cluster.front}, two CAs, PostgreSQL; ${clients} clients`);
  // Half of the clients keep their connections, the others are sent on with every request.
  const agents = [new Agent({ keepAlive: true, maxSockets: 32 }), new Agent({ keepAlive: false })] as const;
  const world = new World(cluster, network, ledger, requests, agents);
  let done = 0;
  try {
    const running = new Run(world, cluster, clients, chance);
    for (const fault of faults) {
      let struck: Struck | null = null;
      cluster.tolerates = fault.databaseAway ? saysDatabaseAway : () => false;
      const report = await running.round(async () => {
        struck = await strike(fault, { cluster, world, outages, chance: chance.branch() });
        return struck.certificate;
      });
      done += 1;
      if (struck) say(faultLine(fault, struck, report));
      if (ledger.findings.length > 0) break;
    }
    say('asking back all that was ever promised');
    cluster.tolerates = () => false;
    await running.checkAll();
    await cluster.stop();
  } catch (error) {
    ledger.report('unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error));
    await cluster.abort();
  }
  world.close();
  await network.close();
  for (const finding of ledger.findings) say(listing(finding));
  if (ledger.findings.length > 0) say(`kept: ${cluster.folder}`);
  else await cluster.forget();
  say(`${requests.sent} requests, ${requests.lost} not answered, ${requests.refused} refused with 503`);
  say(tally(`${done} faults`, ledger));
  return ledger.findings.length === 0;
}

function given(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = given();
if (options === null) {
  say(USAGE);
  process.exit();
}
const { short, only } = options;
const faults = FAULTS.filter((fault) => (only ? only.includes(fault.name) : !short || fault.short));
process.exit((await runFaults(faults, options, await Tools.at())) ? 0 : 1);
