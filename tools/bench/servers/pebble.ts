import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { Tools } from '../../kit/tools.js';
import { freePorts } from '../../kit/upki.js';
import { peerFolder, startPeer } from './peer.js';
import type { Network, Target } from './target.js';

const MODULE = 'github.com/letsencrypt/pebble/v2';
const VERSION = 'v2.10.1';

/**
 * Let's Encrypt's test server, without its artificial obstacles: no sleeping, no nonces refused on purpose, and no
 * search of all authorizations for one to reuse, which also makes this version lock up under load.
 */
export async function startPebble(network: Network, tools: Tools): Promise<Target> {
  const program = await tools.go(`${MODULE}/cmd/pebble`, VERSION, 'pebble');
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`]));
  const certs = join(Dir, 'test/certs');
  const folder = peerFolder('pebble');
  const [port = 0, management = 0, unused = 0] = await freePorts(3);
  const config = join(folder, 'config.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(certs, 'localhost/cert.pem'),
    privateKey: join(certs, 'localhost/key.pem'),
    httpPort: network.httpPort,
    tlsPort: unused,
    // The shortest wait that a server can request of clients, as uPKI does.
    retryAfter: { authz: 1, order: 1 },
    profiles: { default: { description: 'as uPKI', validityPeriod: 60 * 86_400 } },
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const directoryUrl = `https://localhost:${port}/dir`;
  const rootFile = join(certs, 'pebble.minica.pem');
  const peer = await startPeer({
    program,
    args: ['-config', config, '-dnsserver', network.dns],
    env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' },
    folder,
    directoryUrl,
    rootFile,
  });
  return {
    name: 'Pebble',
    version: VERSION,
    state: 'memory',
    directoryUrl,
    serverRoot: await readFile(rootFile, 'utf8'),
    identifiers: 'dns',
    pids: { Pebble: peer.pid },
    stop: peer.stop,
  };
}
