import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NotInstallable, Tools } from '../kit/tools.js';
import { CHECKOUT } from '../kit/upki.js';
import { CLIENTS } from './clients/index.js';
import { drive } from './drive.js';
import { pebbleAuthority } from './pebble.js';
import { type Results, results } from './results.js';
import { type Report, secondsToCertificate, table, tally } from './table.js';
import { startUpkiAuthority } from './upki.js';

/** A run without these two proves too little to pass. */
const REQUIRED = ['certbot', 'lego'];

const USAGE = `npm run tool interop -- [--quick] [--only certbot,lego] [--against pebble] [--write]

  --quick     only clients that install within seconds
  --only      only these clients: ${CLIENTS.map(({ name }) => name).join(', ')}
  --write     writes the results to tools/interop/results.json and keeps those of clients that did not run; npm run docs writes docs/clients/README.md from it
  --against   pebble: Let's Encrypt's test server instead of uPKI, to distinguish a client's fault from ours
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    against: { type: 'string', default: 'upki' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const only = options.only?.split(',');
const unknown = only?.filter((name) => !CLIENTS.some((client) => client.name === name)) ?? [];
if (unknown.length > 0 || !['upki', 'pebble'].includes(options.against)) {
  process.stderr.write(`${unknown.join(', ') || options.against} is unknown\n\n${USAGE}`);
  process.exit(2);
}

const tools = await Tools.at();
const start = options.against === 'pebble' ? await pebbleAuthority(tools) : startUpkiAuthority;
const reports: Report[] = [];
for (const client of CLIENTS) {
  if (only ? !only.includes(client.name) : options.quick && client.slow) continue;
  say(`${client.name}: installing`);
  try {
    const began = Date.now();
    const installed = await client.install(tools);
    say(`${client.name}: ${installed.version} after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    const folder = join(tools.cache, 'runs');
    reports.push(await drive(client.name, installed, folder, start, say, client.settings));
  } catch (error) {
    const absent = error instanceof NotInstallable;
    say(
      `${client.name}: ${absent ? 'not installable: ' : ''}${error instanceof Error ? error.message : error}`,
    );
    const failures = absent && !REQUIRED.includes(client.name) ? [] : [String(error)];
    reports.push({ client: client.name, version: absent ? 'not installable' : '', outcomes: {}, failures });
  }
}

say('');
say(table(reports));
say('');
say(secondsToCertificate(reports));
for (const { client, failures } of reports) for (const failure of failures) say(`\n${client}: ${failure}`);
say('');
say(tally(reports));
if (options.write) {
  const file = join(CHECKOUT, 'tools/interop/results.json');
  const before: Results = JSON.parse(await readFile(file, 'utf8'));
  const names = CLIENTS.map(({ name }) => name);
  await writeFile(file, `${JSON.stringify(results(reports, names, before), null, 2)}\n`);
}
const driven = reports.some(({ outcomes }) => Object.keys(outcomes).length > 0);
process.exitCode = driven && reports.every(({ failures }) => failures.length === 0) ? 0 : 1;
