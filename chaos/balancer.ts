import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { start } from '../interop/command.js';
import { until } from '../interop/until.js';
import type { Front } from '../test/support/cluster.js';
import { CHECKOUT, freePorts } from '../test/support/upki.js';

const PATIENCE = 10_000;

/** HAProxy in front of RAs. */
export interface Haproxy extends Front {
  /** Whether it sends clients to all of them. */
  allUp(): Promise<boolean>;
  /** How many connections of ACME clients it gave to each. */
  connections(): Promise<number[]>;
}

/**
 * HAProxy with the configuration in deploy/compose, but for addresses.
 * @param ras where the RAs listen, with plain HTTP one above
 */
export async function startHaproxy(
  program: string,
  ras: readonly number[],
  folder: string,
): Promise<Haproxy> {
  const [port = 0, plainPort = 0] = await freePorts(2);
  const shipped = await readFile(join(CHECKOUT, 'deploy/compose/haproxy.cfg'), 'utf8');
  const config = join(folder, 'haproxy.cfg');
  await writeFile(config, onLoopback(shipped, { port, plainPort }, ras));
  const log = join(folder, 'haproxy.log');
  const running = start(program, ['-db', '-f', config], { log });
  await until(PATIENCE, () => connects(port));
  const names = ras.map((_, index) => `ra${index + 1}`);
  return {
    port,
    plainPort,
    close: running.stop,
    async allUp() {
      const said = await readFile(log, 'utf8');
      return names.every((name) => isUp(said, name));
    },
    async connections() {
      const said = await readFile(log, 'utf8');
      return names.map((name) => said.split(` acme ra/${name} `).length - 1);
    },
  };
}

/** By the log's last word on the server; one it says nothing about was never down. */
function isUp(log: string, name: string): boolean {
  return log.lastIndexOf(`Server ra/${name} is UP`) >= log.lastIndexOf(`Server ra/${name} is DOWN`);
}

/**
 * The shipped configuration with addresses of this machine.
 * @throws Error when one is left that is not
 */
export function onLoopback(
  shipped: string,
  front: { port: number; plainPort: number },
  ras: readonly number[],
): string {
  const here = (port: number) => `127.0.0.1:${port}`;
  let config = shipped
    .replace(/^resolvers docker\n(?: +.*\n)+/m, '')
    .replace(/ resolvers docker init-addr \S+/g, '')
    .replaceAll('bind :8000', `bind ${here(front.port)}`)
    .replaceAll('bind :8001', `bind ${here(front.plainPort)}`);
  for (const [index, port] of ras.entries()) {
    config = config
      .replaceAll(` ra${index + 1}:8000`, ` ${here(port)}`)
      .replaceAll(` ra${index + 1}:8001`, ` ${here(port + 1)}`);
  }
  const left = /.*(?::800[01]\b|docker).*/.exec(config);
  if (left) throw new Error(`deploy/compose/haproxy.cfg has an address that is not known here: ${left[0]}`);
  return config;
}

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
