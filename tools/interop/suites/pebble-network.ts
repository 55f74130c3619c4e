import { rm } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { newFolder } from '../../kit/folder.js';
import { PEBBLE, pebbleSource } from '../../kit/pebble.js';
import { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { standIn } from './stand-in.js';

/** The directory's path in Pebble's own configuration. */
const DIRECTORY = 'https://localhost:14000/dir';
const START_LIMIT = 240_000;

/** The services of Pebble's own compose file, with uPKI instead of Pebble. */
export interface PebbleNetwork {
  /** Pebble's source, with its configuration and certificates. */
  pebble: string;
  /** Starts uPKI at Pebble's own addresses, calls the function, and ends it. Deletes the folder afterwards. */
  during<T>(work: (folder: string) => Promise<T>): Promise<T>;
}

/** Path of Pebble's challenge servers: DNS, http-01 and tls-alpn-01 with a REST interface. */
export function challengeServers(tools: Tools): Promise<string> {
  return tools.go(`${PEBBLE.module}/cmd/pebble-challtestsrv`, PEBBLE.version, 'pebble-challtestsrv');
}

/** @throws NotInstallable */
export async function pebbleNetwork(tools: Tools): Promise<PebbleNetwork> {
  const servers = await challengeServers(tools);
  const pebble = await pebbleSource();
  return {
    pebble,
    async during(work) {
      const folder = newFolder('suite');
      const log = join(folder, 'log');
      const answers = new RunningProcess(
        servers,
        ['-defaultIPv6', '', '-defaultIPv4', '127.0.0.1', '-https01', '', '-doh', ''],
        { log },
      );
      const config = ['-config', 'test/config/pebble-config.json', '-dnsserver', '127.0.0.1:8053'];
      const upki = new RunningProcess(await standIn(folder), config, { cwd: pebble, log });
      try {
        await upki.whenAnswers(START_LIMIT, () => serves(DIRECTORY));
        return await work(folder);
      } finally {
        await upki.stop();
        await answers.stop();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function serves(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`${url} answered ${answer.statusCode}`));
    }).on('error', reject);
  });
}
