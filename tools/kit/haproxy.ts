import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Front } from './cluster.js';
import { run } from './command.js';
import { connects } from './connects.js';
import { RunningProcess } from './process.js';
import { NotInstallable, type Tools } from './tools.js';
import { until } from './until.js';
import { CHECKOUT, freePorts } from './upki.js';

const PATIENCE = 10_000;

/** HAProxy in front of RAs. */
export interface Haproxy extends Front {
  pid: number;
  /** Resolves when it forwards clients to all RAs. @throws if that takes longer than `limit` milliseconds */
  allUp(limit: number): Promise<void>;
  /** How many connections of ACME clients it forwarded to each RA. */
  connections(): Promise<number[]>;
}

/** Path of the program; null if it cannot be installed. */
export function findHaproxy(tools: Tools): Promise<string | null> {
  return tools.apt('haproxy').catch((error) => {
    if (!(error instanceof NotInstallable)) throw error;
    return null;
  });
}

/** Debian's version string. */
export async function haproxyVersion(program: string): Promise<string> {
  return /version ([\d.]+)/.exec(await run(program, ['-v']))?.[1] ?? 'of unknown version';
}

/**
 * Starts HAProxy with the configuration in deploy/compose, with other addresses and number of RAs.
 * @param ras the HTTPS ports of the RAs; each has plain HTTP on the next port
 */
export async function startHaproxy(
  program: string,
  ras: readonly number[],
  folder: string,
): Promise<Haproxy> {
  const [port = 0, plainPort = 0] = await freePorts(2);
  const shipped = await readFile(join(CHECKOUT, 'deploy/compose/haproxy.cfg'), 'utf8');
  const config = join(folder, 'haproxy.cfg');
  await writeFile(config, onLoopback(forRas(shipped, ras.length), { port, plainPort }, ras));
  const log = join(folder, 'haproxy.log');
  const running = new RunningProcess(program, ['-db', '-f', config], { log });
  await running.whenAnswers(PATIENCE, () => connects(port));
  const names = ras.map((_, index) => `ra${index + 1}`);
  return {
    port,
    plainPort,
    pid: running.pid,
    close: async () => void (await running.stop()),
    allUp: (limit) =>
      until(limit, async () => {
        const said = await readFile(log, 'utf8');
        const down = names.filter((name) => !isUp(said, name));
        if (down.length > 0) throw new Error(`HAProxy finds down: ${down.join(', ')}`);
      }),
    async connections() {
      const said = await readFile(log, 'utf8');
      return names.map((name) => said.split(` acme ra/${name} `).length - 1);
    },
  };
}

/** By the log's last line about the server; a server without a line was never down. */
function isUp(log: string, name: string): boolean {
  return log.lastIndexOf(`Server ra/${name} is UP`) >= log.lastIndexOf(`Server ra/${name} is DOWN`);
}

/** The shipped configuration with the lines of its first RA repeated for each RA. */
export function forRas(shipped: string, count: number): string {
  return shipped
    .replace(/^ +server ra(?!1 )\d+ .*\n?/gm, '')
    .replace(/^( +server )ra1 ra1(:\d+\n)/gm, (_, before: string, after: string) =>
      Array.from({ length: count }, (_, index) => `${before}ra${index + 1} ra${index + 1}${after}`).join(''),
    );
}

/**
 * The shipped configuration with this machine's addresses.
 * @throws Error if another address is left
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
