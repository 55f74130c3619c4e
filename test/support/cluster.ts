import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Balancer, startBalancer } from './balancer.js';
import { Program } from './program.js';
import { CHECKOUT, freePortPairs, inherited } from './upki.js';

export interface ClusterOptions {
  /** What the RAs and the CAs share. */
  databaseUrl: string;
  ras: number;
  cas: number;
  /** Settings of all programs beside those that make them a cluster. */
  env?: Record<string, string>;
  /** Gets every line the programs write. */
  onOutput?(program: string, line: string): void;
  /** Where the RAs find something other than they would: a proxy before the database, or before a CA. */
  between?: Partial<Between>;
}

/** Stands in the way of the RAs; given what is behind it, it tells the address in front of it. */
interface Between {
  database(url: string): string;
  ca(port: number): number;
}

/** RAs behind a balancer and CAs with one key, on one PostgreSQL, each a process of the built product. */
export interface Cluster {
  directoryUrl: string;
  rootPem: string;
  folder: string;
  ras: readonly Program[];
  cas: readonly Program[];
  /** In front of the RAs' HTTPS, and of their plain HTTP. */
  balancer: Balancer;
  plainBalancer: Balancer;
  /** Where an RA itself listens. */
  portOf(ra: number): number;
  /** Ends all and deletes their files. */
  stop(): Promise<void>;
}

const MAIN = join(CHECKOUT, 'dist/cli/main.js');

/** Makes the CA once, copies it, and starts everything; CAs before RAs. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { databaseUrl, between } = options;
  const folder = await mkdtemp(join(tmpdir(), 'upki-cluster-'));
  const opened: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const balancer = await startBalancer();
    const plainBalancer = await startBalancer();
    opened.push(() => Promise.all([balancer.close(), plainBalancer.close()]));
    const caPorts = await freePortPairs(options.cas);
    const raPorts = await freePortPairs(options.ras);
    const common = { ...inherited(), HOME: folder, UPKI_LOG_LEVEL: 'warn', ...options.env };
    const program = (kind: 'ra' | 'ca', index: number, env: Record<string, string>) => {
      const name = `${kind}${index + 1}`;
      return new Program({
        name,
        module: MAIN,
        args: [kind, 'start'],
        env: { ...common, UPKI_DATA_DIR: join(folder, name), ...env },
        onOutput: (line) => options.onOutput?.(name, line),
      });
    };

    const caEnv = {
      UPKI_CA_HOST: '127.0.0.1',
      UPKI_CA_DATABASE_URL: databaseUrl,
      UPKI_CA_PUBLIC_URL: `http://127.0.0.1:${plainBalancer.port}`,
    };
    await makeCas(folder, options.cas, { ...common, ...caEnv });
    const cas = caPorts.map((port, index) =>
      program('ca', index, {
        ...caEnv,
        UPKI_CA_PORT: String(port),
        UPKI_CA_REGISTRATION_PORT: String(port + 1),
      }),
    );
    const ras = raPorts.map((port, index) =>
      program('ra', index, {
        UPKI_RA_HOST: '127.0.0.1',
        UPKI_RA_CN: 'localhost',
        UPKI_RA_PORT: String(port),
        UPKI_RA_HTTP_PORT: String(port + 1),
        UPKI_RA_URL: `https://localhost:${balancer.port}`,
        UPKI_DATABASE_URL: between?.database?.(databaseUrl) ?? databaseUrl,
        UPKI_CA_HOST: caPorts.map((ca) => `127.0.0.1:${between?.ca?.(ca) ?? ca}`).join(','),
        UPKI_CA_SEED_FILE: join(folder, 'ca1', 'seed'),
      }),
    );
    opened.push(() => Promise.all(cas.map((each) => each.stop())));
    await Promise.all(cas.map((each) => each.start()));
    opened.push(() => Promise.all(ras.map((each) => each.stop())));
    await Promise.all(ras.map((each) => each.start()));
    balancer.targets = raPorts;
    plainBalancer.targets = raPorts.map((port) => port + 1);
    return {
      directoryUrl: `https://localhost:${balancer.port}/acme/directory`,
      rootPem: await readFile(join(folder, 'ra1', 'ca.crt'), 'utf8'),
      ...{ folder, ras, cas, balancer, plainBalancer, stop },
      portOf: (ra) => raPorts[ra] ?? 0,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One key for all: what `upki ca init` made is copied. */
async function makeCas(folder: string, count: number, env: NodeJS.ProcessEnv): Promise<void> {
  const first = join(folder, 'ca1');
  await mkdir(first, { mode: 0o700 });
  await promisify(execFile)(process.execPath, [MAIN, 'ca', 'init'], {
    env: { ...env, UPKI_DATA_DIR: first },
  });
  for (let index = 2; index <= count; index += 1)
    await cp(first, join(folder, `ca${index}`), { recursive: true });
}
