import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startBalancer } from './balancer.js';
import { run } from './command.js';
import { newFolder } from './folder.js';
import { Program } from './program.js';
import { freePortPairs, readiness, UPKI } from './upki.js';

export interface ClusterOptions {
  /** The parent of the programs' folders, not deleted by `stop`; when absent, a temporary one that `stop` deletes. */
  folder?: string;
  /** The databases that the RAs and the CAs share. */
  databaseUrl: string;
  ras: number;
  cas: number;
  /** Settings of all programs, in addition to those of the cluster. */
  env?: Record<string, string>;
  /** The `main.js` of another build for a program by name, such as `ra1`. */
  program?(name: string): string;
  /** Receives every line that the programs write. */
  onOutput?(program: string, line: string): void;
  /** Proxies between the programs and a database or a CA. */
  between?: Partial<Between>;
  /** Starts the balancer; gets the HTTPS port of each RA, whose plain HTTP is on the next port. By default our own round robin. */
  front?(ras: readonly number[], folder: string): Promise<Front>;
}

/** Puts a proxy in front of an address and returns the proxy's address. */
interface Between {
  database(url: string, program: string): Promise<string>;
  /** Registrations use the next port, on both sides. */
  ca(port: number, ra: string): Promise<number>;
}

/** The balancer that clients connect to. */
export interface Front {
  port: number;
  /** The port for plain HTTP. */
  plainPort: number;
  close(): Promise<void>;
}

/** RAs behind a balancer and CAs with one key, on one PostgreSQL, each a process of the built product. */
export interface Cluster {
  directoryUrl: string;
  rootPem: string;
  folder: string;
  ras: readonly Program[];
  cas: readonly Program[];
  front: Front;
  /** The address of an RA itself. */
  portOf(ra: number): number;
  /** Rejects, naming the RA, if an RA or the one the balancer chooses is not ready now. */
  checkReady(): Promise<void>;
  /** Ends all programs. */
  stop(): Promise<void>;
  /** Ends all programs; rejects if one had ended before or does not end cleanly. */
  stopInOrder(): Promise<void>;
}

/** Makes the CA once, copies it, and starts everything, CAs before RAs. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { databaseUrl, between } = options;
  const folder = options.folder ?? newFolder('cluster');
  const opened: (() => unknown)[] = [];
  if (options.folder === undefined) opened.push(() => rm(folder, { recursive: true, force: true }));
  const stop = async () => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    const caPorts = await freePortPairs(options.cas);
    const raPorts = await freePortPairs(options.ras);
    const front = await (options.front ?? roundRobin)(raPorts, folder);
    opened.push(() => front.close());
    const common = { HOME: folder, UPKI_LOG_LEVEL: 'warn', ...options.env };
    const program = (name: string, env: Record<string, string>) =>
      new Program({
        name,
        module: options.program?.(name) ?? UPKI,
        args: [name.slice(0, 2), 'start'],
        env: { ...common, UPKI_DATA_DIR: join(folder, name), ...env },
        onOutput: (line) => options.onOutput?.(name, line),
      });

    const databaseOf = async (name: string) => (await between?.database?.(databaseUrl, name)) ?? databaseUrl;
    const caAddress = async (port: number, ra: string) => (await between?.ca?.(port, ra)) ?? port;
    const publicUrl = { UPKI_CA_PUBLIC_URL: `http://127.0.0.1:${front.plainPort}` };
    await makeCas(folder, options.cas, { ...common, ...publicUrl }, options.program?.('ca1') ?? UPKI);
    const cas: Program[] = [];
    for (const [index, port] of caPorts.entries()) {
      const name = `ca${index + 1}`;
      cas.push(
        program(name, {
          UPKI_CA_HOST: '127.0.0.1',
          UPKI_CA_PORT: String(port),
          UPKI_CA_REGISTRATION_PORT: String(port + 1),
          UPKI_CA_DATABASE_URL: await databaseOf(name),
          ...publicUrl,
        }),
      );
    }
    const ras: Program[] = [];
    for (const [index, port] of raPorts.entries()) {
      const name = `ra${index + 1}`;
      const addresses: number[] = [];
      for (const ca of caPorts) addresses.push(await caAddress(ca, name));
      ras.push(
        program(name, {
          UPKI_RA_HOST: '127.0.0.1',
          UPKI_RA_CN: 'localhost',
          UPKI_RA_PORT: String(port),
          UPKI_RA_HTTP_PORT: String(port + 1),
          UPKI_RA_URL: `https://localhost:${front.port}`,
          UPKI_DATABASE_URL: await databaseOf(name),
          UPKI_CA_HOST: addresses.map((address) => `127.0.0.1:${address}`).join(','),
          UPKI_CA_SEED_FILE: join(folder, 'ca1', 'seed'),
        }),
      );
    }
    opened.push(() => Promise.all(cas.map((each) => each.stop())));
    await Promise.all(cas.map((each) => each.start()));
    opened.push(() => Promise.all(ras.map((each) => each.stop())));
    await Promise.all(ras.map((each) => each.start()));
    const rootPem = await readFile(join(folder, 'ra1', 'ca.crt'), 'utf8');
    return {
      directoryUrl: `https://localhost:${front.port}/acme/directory`,
      ...{ rootPem, folder, ras, cas, front, stop },
      portOf: (ra) => raPorts[ra] ?? 0,
      async checkReady() {
        const asked = ras.map(({ name }, index) => ({ name, port: raPorts[index] }));
        asked.push({ name: 'the balancer', port: front.port });
        await Promise.all(
          asked.map(async ({ name, port }) => {
            const status = await readiness(`https://localhost:${port}`, rootPem);
            if (status !== 200) throw new Error(`${name} is not ready: ${status}`);
          }),
        );
      },
      async stopInOrder() {
        const codes: [name: string, code: number | null][] = [];
        for (const each of [...ras, ...cas]) codes.push([each.name, await each.stop()]);
        await stop();
        const bad = codes
          .filter(([, code]) => code !== 0)
          .map(([name, code]) => `${name} ended with ${code}`);
        if (bad.length > 0) throw new Error(`told to stop, ${bad.join(', ')}`);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function roundRobin(ras: readonly number[]): Promise<Front> {
  const https = await startBalancer();
  const plain = await startBalancer();
  https.targets = [...ras];
  plain.targets = ras.map((port) => port + 1);
  return {
    port: https.port,
    plainPort: plain.port,
    close: async () => void (await Promise.all([https.close(), plain.close()])),
  };
}

/** All CAs have one key: the result of `upki ca init` is copied. */
async function makeCas(folder: string, count: number, env: NodeJS.ProcessEnv, main: string): Promise<void> {
  const first = join(folder, 'ca1');
  await mkdir(first, { mode: 0o700 });
  await run(process.execPath, [main, 'ca', 'init'], { env: { ...env, UPKI_DATA_DIR: first } });
  for (let index = 2; index <= count; index += 1)
    await cp(first, join(folder, `ca${index}`), { recursive: true });
}
