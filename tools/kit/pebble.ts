import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.js';
import { RunningProcess } from './process.js';
import type { Tools } from './tools.js';
import { freePorts } from './upki.js';

/** Let's Encrypt's test server. */
export const PEBBLE = { module: 'github.com/letsencrypt/pebble/v2', version: 'v2.10.1' };

/** The installed program, and the folder of its certificates. */
export interface PebbleInstallation {
  program: string;
  certificates: string;
}

/** @throws NotInstallable */
export async function installPebble(tools: Tools): Promise<PebbleInstallation> {
  const program = await tools.go(`${PEBBLE.module}/cmd/pebble`, PEBBLE.version, 'pebble');
  return { program, certificates: join(await pebbleSource(), 'test/certs') };
}

/** The folder of its source, with its configuration and certificates. */
export async function pebbleSource(): Promise<string> {
  const downloaded = await run('go', ['mod', 'download', '-json', `${PEBBLE.module}@${PEBBLE.version}`]);
  const { Dir }: { Dir: string } = JSON.parse(downloaded);
  return Dir;
}

/** The network of its validator. */
export interface PebbleNetwork {
  /** `address:port` of the DNS server. */
  dns: string;
  httpPort: number;
  tlsPort: number;
}

/** A started Pebble, which may not serve yet. */
export interface Pebble {
  process: RunningProcess;
  directoryUrl: string;
  managementUrl: string;
  /** PEM file of the root that its own certificate chains to. */
  rootFile: string;
}

/**
 * Starts Pebble without its artificial obstacles: it does not sleep and refuses no nonces on purpose.
 * @param folder for its configuration and its output
 * @param env other variables of Pebble
 */
export async function startPebble(
  { program, certificates }: PebbleInstallation,
  { dns, httpPort, tlsPort }: PebbleNetwork,
  folder: string,
  env: Record<string, string> = {},
): Promise<Pebble> {
  const [port = 0, management = 0] = await freePorts(2);
  const config = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(certificates, 'localhost/cert.pem'),
    privateKey: join(certificates, 'localhost/key.pem'),
    httpPort,
    tlsPort,
    // The shortest wait that a server can request of clients, as uPKI does.
    retryAfter: { authz: 1, order: 1 },
    profiles: { default: { description: 'as uPKI', validityPeriod: 60 * 86_400 } },
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const process = new RunningProcess(program, ['-config', config, '-dnsserver', dns], {
    env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', ...env },
    log: join(folder, 'pebble.log'),
  });
  return {
    process,
    directoryUrl: `https://localhost:${port}/dir`,
    managementUrl: `https://localhost:${management}`,
    rootFile: join(certificates, 'pebble.minica.pem'),
  };
}
