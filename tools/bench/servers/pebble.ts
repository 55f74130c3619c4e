import { readFile } from 'node:fs/promises';
import { installPebble, PEBBLE, startPebble } from '../../kit/pebble.js';
import type { Tools } from '../../kit/tools.js';
import { freePorts } from '../../kit/upki.js';
import { peerFolder, peerOf } from './peer.js';
import type { Network, Target } from './target.js';

/**
 * Let's Encrypt's test server. It does not search all authorizations for one to reuse, which would also make this
 * version lock up under load.
 */
export async function startPebbleTarget({ dns, httpPort }: Network, tools: Tools): Promise<Target> {
  const installation = await installPebble(tools);
  const folder = peerFolder('pebble');
  const [tlsPort = 0] = await freePorts(1);
  const network = { dns, httpPort, tlsPort };
  const pebble = await startPebble(installation, network, folder, { PEBBLE_AUTHZREUSE: '0' });
  const peer = await peerOf({ ...pebble, folder });
  return {
    name: 'Pebble',
    version: PEBBLE.version,
    state: 'memory',
    directoryUrl: pebble.directoryUrl,
    serverRoot: await readFile(pebble.rootFile, 'utf8'),
    identifiers: 'dns',
    pids: { Pebble: peer.pid },
    stop: peer.stop,
  };
}
