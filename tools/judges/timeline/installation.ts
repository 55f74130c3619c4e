import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestDns } from '../../kit/dns-hooks.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import { Program } from '../../kit/program.js';
import { freePortPairs, freePorts, freeUpkiPorts, runUpki, UPKI } from '../../kit/upki.js';
import { FakedClock } from './clock.js';

export type Store = 'sqlite' | 'postgres';

/** A CA and an RA as separate programs, each with its own clock, and a client with the right time. */
export interface Installation {
  folder: string;
  ra: Program;
  ca: Program;
  clocks: { ra: FakedClock; ca: FakedClock; client: FakedClock };
  directoryUrl: string;
  /** Base of plain HTTP. */
  plainUrl: string;
  /** The port where validators expect http-01. */
  webPort: number;
  /** PEM of the roots that clients trust: those the RA publishes. */
  trusted(): Promise<string>;
  /** Runs `upki ca …` on the CA's machine, with the CA's clock. */
  onCaMachine(...args: string[]): Promise<string>;
  /** The result of the readiness check; null if it is ready. */
  complaint(): Promise<string | null>;
  /** Log lines of both programs that report an error. */
  lines: string[];
  close(): Promise<void>;
}

export async function install(store: Store, folder: string, library: string): Promise<Installation> {
  const opened: (() => unknown)[] = [];
  const close = async () => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    return await assemble(store, folder, library, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  store: Store,
  folder: string,
  library: string,
  opened: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Installation> {
  const clock = (name: string) => new FakedClock(folder, name, library);
  const clocks = { ra: clock('ra'), ca: clock('ca'), client: clock('client') };
  const ports = await freeUpkiPorts();
  const [caPort = 0] = await freePortPairs(1);
  const [webPort = 0] = await freePorts(1);
  const dns = await startTestDns();
  opened.push(() => dns.close());
  const database: Record<string, string> = {};
  if (store === 'postgres') {
    const server = await PostgresServer.start();
    opened.push(() => server.remove());
    database.UPKI_DATABASE_URL = database.UPKI_CA_DATABASE_URL = server.url();
  }
  const plainUrl = `http://127.0.0.1:${ports.http}`;
  const common = { HOME: folder, UPKI_LOG_LEVEL: 'warn', ...database };
  const ofCa = {
    ...common,
    ...clocks.ca.env,
    UPKI_DATA_DIR: join(folder, 'ca'),
    UPKI_CA_HOST: '127.0.0.1',
    UPKI_CA_PORT: String(caPort),
    UPKI_CA_REGISTRATION_PORT: String(caPort + 1),
    UPKI_CA_PUBLIC_URL: plainUrl,
  };
  const ofRa = {
    ...common,
    ...clocks.ra.env,
    UPKI_DATA_DIR: join(folder, 'ra'),
    UPKI_RA_HOST: '127.0.0.1',
    UPKI_RA_CN: 'localhost',
    UPKI_RA_PORT: String(ports.ra),
    UPKI_RA_HTTP_PORT: String(ports.http),
    UPKI_CA_HOST: `127.0.0.1:${caPort}`,
    UPKI_CA_SEED_FILE: join(folder, 'ca', 'seed'),
    UPKI_VA_RESOLVERS: dns.address,
    UPKI_VA_HTTP_PORT: String(webPort),
  };
  const command = (...args: string[]) => runUpki(args, { env: ofCa });
  await command('ca', 'init');
  const lines: string[] = [];
  const program = (name: string, env: NodeJS.ProcessEnv) =>
    new Program({
      ...{ name, module: UPKI, args: [name, 'start'], env },
      onOutput: (line) => void lines.push(`${name}: ${line}`),
    });
  const [ca, ra] = [program('ca', ofCa), program('ra', ofRa)];
  opened.push(() => ca.stop());
  await ca.start();
  opened.push(() => ra.stop());
  await ra.start();
  const rootFile = join(folder, 'ra', 'ca.crt');
  return {
    ...{ folder, ra, ca, clocks, plainUrl, webPort, lines, close },
    directoryUrl: `https://localhost:${ports.ra}/acme/directory`,
    trusted: () => readFile(rootFile, 'utf8'),
    onCaMachine: (...args) => command('ca', ...args),
    complaint: () =>
      runUpki(['health'], { env: ofRa }).then(
        () => null,
        (error: Error) => error.message,
      ),
  };
}
