import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Authority, StartAuthority } from '../interop/authority.js';
import type { Client } from '../interop/client.js';
import { CLIENTS } from '../interop/clients/index.js';
import { startUpkiAuthority } from '../interop/upki.js';
import { makeWorld, type World } from '../interop/world.js';
import { columns } from '../kit/columns.js';
import { generateSigningKey } from '../kit/jws-signer.js';
import { Tools } from '../kit/tools.js';
import { Account } from './driver/account.js';
import { Connection } from './driver/connection.js';
import { CsrMaker } from './driver/csr-maker.js';
import { issue } from './driver/flow.js';
import { endpointOf, readDirectory } from './driver/load.js';
import { startResponder } from './driver/responder.js';
import { median } from './measure/percentiles.js';
import { startPebbleTarget } from './servers/pebble.js';
import { startStepCa } from './servers/step-ca.js';
import type { Network, Target } from './servers/target.js';

/** Runs of each client against each server, in turns. */
const TURNS = 5;
/** Number of certificates that each server has issued before, so that no client gets the server's first one. */
const BEFORE = 200;

const USAGE = `npm run tool wall-clock

How long certbot and lego take for their first certificate from uPKI, Pebble and step-ca.
`;

/**
 * Seconds from a client's start to its first certificate by http-01, as its user experiences it: a new account, an order,
 * the proof, the files on disk. Each time with a fresh server that has issued some before; the median of the turns.
 */
async function wallClock(
  clients: Client[],
  tools: Tools,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  const servers: [name: string, start: StartAuthority][] = [
    ['uPKI', startUpkiAuthority],
    ['Pebble', asAuthority((network) => startPebbleTarget(network, tools))],
    ['step-ca', asAuthority((network) => startStepCa(network, tools))],
  ];
  const rows = [['client', 'version', ...servers.map(([name]) => name)]];
  for (const client of clients) {
    const installed = await client.install(tools);
    const times = new Map<string, number[]>(servers.map(([name]) => [name, []]));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [name, start] of servers) {
        const world = await makeWorld(client.name, folder, start);
        try {
          await warmUp(world);
          const obtain = (await installed.open(world)).obtain['http-01'];
          const began = performance.now();
          await obtain?.();
          times.get(name)?.push((performance.now() - began) / 1000);
        } finally {
          await world.close();
          await world.forget();
        }
      }
      say(`${client.name}: turn ${turn + 1} of ${TURNS}`);
    }
    rows.push([
      client.name,
      installed.version,
      ...servers.map(([name]) => `${median(times.get(name) ?? []).toFixed(2)} s`),
    ]);
  }
  return columns(rows);
}

async function warmUp({ authority, httpPort }: World): Promise<void> {
  const responder = await startResponder(httpPort);
  const target = {
    directoryUrl: authority.directoryUrl,
    serverRoot: await readFile(authority.serverRoot, 'utf8'),
  };
  const endpoint = endpointOf(target);
  const directory = await readDirectory(target.directoryUrl, endpoint);
  const account = new Account(generateSigningKey(), directory, new Connection(endpoint));
  await account.register();
  const csrs = new CsrMaker(1);
  for (let count = 0; count < BEFORE; count += 1)
    await issue(account, `w${count}.warm.interop`, csrs, responder);
  account.connection.close();
  await responder.close();
}

/** A server of the benchmark as an authority that only issues certificates. */
function asAuthority(start: (network: Network) => Promise<Target>): StartAuthority {
  return async ({ dns, httpPort }, folder): Promise<Authority> => {
    const { directoryUrl, serverRoot: root, stop } = await start({ dns, httpPort });
    const serverRoot = join(folder, 'server-root.pem');
    await writeFile(serverRoot, root);
    return {
      directoryUrl,
      serverRoot,
      root,
      isRevoked: () => Promise.reject(new Error('only issuing is timed')),
      stop,
    };
  };
}

const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const tools = await Tools.at();
const timed = CLIENTS.filter(({ name }) => name === 'certbot' || name === 'lego');
say(`\n${await wallClock(timed, tools, join(tools.cache, 'runs'), say)}`);
process.exit();
