import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart.js';
import { Contender, peers } from './contenders.js';
import { drawFlameGraphs } from './flame-graph.js';
import { runGrow } from './grow/run.js';
import { cryptoFloor } from './measure/crypto-floor.js';
import { summarize } from './measure/summary.js';
import { openNetwork } from './network.js';
import { runOverload } from './overload.js';
import { machine, ratios, report } from './report.js';
import { probed } from './servers/probe.js';
import { startUpkiTarget } from './servers/upki.js';

const USAGE = `npm run bench -- [options]

  --clients N    clients at once (16)
  --seconds N    length of a turn (10)
  --turns N      turns of each server (3)
  --warm-up N    seconds before the clock starts, each turn (3)
  --peers        Pebble, step-ca and Caddy's acme_server in turns with uPKI; a peer that cannot be had is left out
  --overload     uPKI alone under four times the load it can serve, then beside idle and slow connections
  --grow N       uPKI with N accounts, orders and certificates in its stores in turns with one that has a thousand
  --against DIR  another build of uPKI, in turns with this one: the folder that holds its dist/
  --node OPTIONS another uPKI, its Node run with these options, in turns
  --chart FILE   draws the figures of the run as SVG
  --profile DIR  draws flame graphs of RA, CA and their threads there, beside V8's CPU profiles; costs a fifth more
`;

const { values: given } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    turns: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '3' },
    peers: { type: 'boolean', default: false },
    overload: { type: 'boolean', default: false },
    grow: { type: 'string' },
    against: { type: 'string', multiple: true, default: [] },
    node: { type: 'string', multiple: true, default: [] },
    chart: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (given.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const options = {
  clients: Number(given.clients),
  seconds: Number(given.seconds),
  warmUp: Number(given['warm-up']),
};

say(machine());
const network = await openNetwork(given.peers ? 80 : 0);
if (given.overload || given.grow) {
  if (given.overload) await runOverload(network, options, say);
  if (given.grow) await runGrow(Number(given.grow), network, { ...options, turns: Number(given.turns) }, say);
  await network.close();
  process.exit();
}
const contenders: Contender[] = [];
try {
  const profiles = given.profile && { folder: resolve(given.profile), after: options.warmUp };
  const env = profiles ? probed({ profiles }) : {};
  contenders.push(new Contender(() => startUpkiTarget(network, { env })));
  for (const build of given.against)
    contenders.push(new Contender(() => startUpkiTarget(network, { build: resolve(build) })));
  for (const nodeOptions of given.node)
    contenders.push(new Contender(() => startUpkiTarget(network, { nodeOptions: nodeOptions.split(' ') })));
  if (given.peers) contenders.push(...(await peers(network, say)));
  for (let turn = 0; turn < Number(given.turns); turn += 1) {
    for (const contender of contenders) {
      const { seen, seconds } = await contender.takeTurn(network.responder, options);
      process.stderr.write(`${contender.target?.name}: ${(seen.issued.length / seconds).toFixed(0)}/s\n`);
    }
  }
  const summaries = contenders.map(summarize);
  for (const summary of summaries) say(`\n${report(summary, cryptoFloor(summary.requestsPerIssuance))}`);
  if (summaries.length > 1) say(`\n${ratios(summaries)}`);
  if (given.chart)
    writeFileSync(
      given.chart,
      chart(summaries, (each) => cryptoFloor(each.requestsPerIssuance), machine()),
    );
  // Peers refuse a request now and then; uPKI must not.
  process.exitCode = summaries.slice(0, 1).every(({ failures }) => failures.length === 0) ? 0 : 1;
} finally {
  for (const contender of contenders) await contender.stop();
  await network.close();
  if (given.profile) for (const path of drawFlameGraphs(resolve(given.profile))) say(path);
}
