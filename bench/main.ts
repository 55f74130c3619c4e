import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startTestDns } from '../interop/dns-server.js';
import { startResponder } from './driver/responder.js';
import { cryptoFloor } from './measure/crypto-floor.js';
import { summarize } from './measure/summary.js';
import { runTurn, type Turn } from './measure/turn.js';
import { machine, ratios, report } from './report.js';
import { probed } from './servers/probe.js';
import type { Target } from './servers/target.js';
import { startUpkiTarget } from './servers/upki.js';

const USAGE = `npm run bench -- [options]

  --clients N    clients at once (16)
  --seconds N    length of a turn (10)
  --turns N      turns of each server (3)
  --warm-up N    seconds before the clock starts, each turn (3)
  --against DIR  another build of uPKI, in turns with this one: the folder that holds its dist/
  --node OPTIONS another uPKI, its Node run with these options, in turns
  --profile DIR  writes V8 CPU profiles of RA, CA and their threads there
`;

const { values: given } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    turns: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '3' },
    against: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
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
const dns = await startTestDns();
const responder = await startResponder(0);
const network = { dns: dns.address, httpPort: responder.port };
const targets: Target[] = [];
try {
  targets.push(
    await startUpkiTarget(network, {
      env: given.profile
        ? probed({ profiles: { folder: resolve(given.profile), after: options.warmUp } })
        : {},
    }),
  );
  if (given.against) targets.push(await startUpkiTarget(network, { build: resolve(given.against) }));
  for (const nodeOptions of given.node)
    targets.push(await startUpkiTarget(network, { nodeOptions: nodeOptions.split(' ') }));
  const turns = new Map<Target, Turn[]>(targets.map((target) => [target, []]));
  for (let turn = 0; turn < Number(given.turns); turn += 1) {
    for (const target of targets) turns.get(target)?.push(await runTurn(target, responder, options));
  }
  const summaries = [...turns].map(([target, each]) => summarize(target, each));
  for (const summary of summaries) say(`\n${report(summary, cryptoFloor(summary.requestsPerIssuance))}`);
  if (summaries.length > 1) say(`\n${ratios(summaries)}`);
  process.exitCode = summaries.every(({ failures }) => failures.length === 0) ? 0 : 1;
} finally {
  for (const target of targets) await target.stop();
  await responder.close();
  await dns.close();
}
