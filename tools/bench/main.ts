import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { optionsGiven } from '../kit/command-line.js';
import { Tools } from '../kit/tools.js';
import { chart } from './chart.js';
import { Contender, peers } from './contenders.js';
import { drawFlameGraphs } from './flame-graph.js';
import { runGrow } from './grow/run.js';
import { cryptoFloor } from './measure/crypto-floor.js';
import { summarize } from './measure/summary.js';
import { openNetwork } from './network.js';
import { readOptions, USAGE } from './options.js';
import { runOverload } from './overload.js';
import { machine, ratios, report } from './report.js';
import { probed } from './servers/probe.js';
import { startUpkiTarget } from './servers/upki.js';
import { startReplicas } from './servers/upki-replicas.js';

const options = optionsGiven(readOptions, USAGE);
const say = (text: string) => process.stdout.write(`${text}\n`);

say(machine());
const network = await openNetwork(options.peers ? 80 : 0);
const { replicas, workers, grow } = options;
if (options.overload || grow !== null) {
  if (options.overload) await runOverload(network, options, say);
  if (grow !== null) await runGrow(grow, network, options, say);
  await network.close();
  process.exit();
}
const contenders: Contender[] = [];
const leftOut: string[] = [];
try {
  const profiles = options.profile && { folder: resolve(options.profile), after: options.warmUp };
  const env = profiles ? probed({ profiles }) : {};
  // Profiles the uPKI on PostgreSQL if there is one, else the plain uPKI.
  contenders.push(new Contender(() => startUpkiTarget(network, { env: replicas === null ? env : {} })));
  if (replicas !== null) {
    const tools = await Tools.at();
    contenders.push(new Contender(() => startReplicas(network, { ras: replicas, tools, env })));
    if (workers > 1) contenders.push(new Contender(() => startReplicas(network, { ras: 1, workers, tools })));
    for (const build of options.against.map((folder) => resolve(folder)))
      contenders.push(new Contender(() => startReplicas(network, { ras: replicas, tools, build })));
  } else {
    for (const build of options.against.map((folder) => resolve(folder)))
      contenders.push(new Contender(() => startUpkiTarget(network, { build })));
  }
  const ours = contenders.length - options.against.length;
  for (const nodeOptions of options.node)
    contenders.push(new Contender(() => startUpkiTarget(network, { nodeOptions: nodeOptions.split(' ') })));
  if (options.peers) contenders.push(...(await peers(network, (reason) => leftOut.push(reason))));
  for (const contender of contenders) await contender.settle(network.responder, options);
  for (let turn = 0; turn < options.turns; turn += 1) {
    for (const contender of contenders) {
      const { seen, seconds } = await contender.takeTurn(network.responder, options);
      process.stderr.write(`${contender.target?.name}: ${(seen.issued.length / seconds).toFixed(0)}/s\n`);
    }
  }
  const summaries = contenders.map(summarize);
  for (const summary of summaries) say(`\n${report(summary, cryptoFloor(summary.requestsPerIssuance))}`);
  if (summaries.length > 1) say(`\n${ratios(summaries)}`);
  if (replicas !== null && summaries.length > 2) say(ratios(summaries.slice(1)));
  if (leftOut.length > 0) say(`\nNOT MEASURED: ${leftOut.join('; ')}`);
  if (options.chart)
    writeFileSync(
      options.chart,
      chart(summaries, (each) => cryptoFloor(each.requestsPerIssuance), machine()),
    );
  // Peers may refuse a request now and then; uPKI must not.
  const clean = summaries.slice(0, ours).every(({ failures }) => failures.length === 0);
  process.exitCode = clean && leftOut.length === 0 ? 0 : 1;
} finally {
  for (const contender of contenders) await contender.stop();
  await network.close();
  if (options.profile) for (const path of drawFlameGraphs(resolve(options.profile))) say(path);
}
