import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { type Cluster as Programs, startCluster } from '../kit/cluster.js';
import { newFolder } from '../kit/folder.js';
import { findHaproxy, type Haproxy, startHaproxy } from '../kit/haproxy.js';
import { Link } from '../kit/link.js';
import { PostgresServer } from '../kit/postgres/server.js';
import type { Program } from '../kit/program.js';
import type { Tools } from '../kit/tools.js';
import { until } from '../kit/until.js';
import { freePortPairs, UPKI } from '../kit/upki.js';
import { type Ask, type Kept, readKept } from '../promises/databases.js';
import type { Report } from '../promises/findings.js';
import type { Subject } from '../promises/run.js';
import type { Served } from '../promises/world.js';

export interface ClusterOptions {
  tools: Tools;
  /** Settings that make the RAs validate in the test network. */
  env: Record<string, string>;
  /** Receives every error that a program logs and the current fault does not excuse. */
  report: Report;
  /** PostgreSQL has a synchronous standby. */
  standby?: boolean;
  /** The `main.js` of another build, with which the RAs start. */
  olderRas?: string;
}

const REPLICAS = 3;
const CAS = 2;
/** Time limit for a recovery after the repair; later it does not recover by itself. */
const RECOVERY = 30_000;
/** This checkout's build. */

/** Three RAs behind a balancer, two CAs and PostgreSQL: real processes, with a link for every connection between them. */
export class Cluster implements Served, Subject {
  /** Whether the current fault explains a line logged as an error. */
  tolerates: (line: string) => boolean = () => false;
  /** The balancer; null if it is our own round robin. */
  haproxy: Haproxy | null = null;
  /** Links of each program, RAs and CAs, to the database. */
  readonly toDatabase = new Map<string, Link>();
  /** Links of each RA to the CAs, in their order. */
  readonly toCas = new Map<string, Link[]>();
  readonly #registration: Link[] = [];
  readonly #toStandby: Link[] = [];
  /** The failed primary; its files are removed at the end. */
  #failed: PostgresServer | null = null;
  #programs: Programs | null = null;
  #pools: { ra: Pool; ca: Pool } | null = null;

  private constructor(
    /** Contains the programs' folders, and `upki.log` with all their output. */
    readonly folder: string,
    public database: PostgresServer,
    private readonly standby: PostgresServer | null,
    private readonly log: WriteStream,
  ) {}

  /** Resolves when everything is ready. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const folder = newFolder('chaos');
    const log = createWriteStream(join(folder, 'upki.log'));
    const database = await PostgresServer.start();
    const standby = options.standby ? await database.standby() : null;
    const cluster = new Cluster(folder, database, standby, log);
    try {
      await cluster.#start(options);
    } catch (error) {
      await cluster.abort();
      throw error;
    }
    return cluster;
  }

  /** The name of the balancer. */
  get front(): string {
    return this.haproxy ? 'HAProxy' : 'a round robin of our own, for HAProxy cannot be installed here';
  }

  get ras(): readonly Program[] {
    return this.#running.ras;
  }

  get cas(): readonly Program[] {
    return this.#running.cas;
  }

  get directoryUrl(): string {
    return this.#running.directoryUrl;
  }

  get plainUrl(): string {
    return `http://127.0.0.1:${this.#running.front.plainPort}`;
  }

  get rootPem(): string {
    return this.#running.rootPem;
  }

  /** PEM file of the root. */
  get rootPath(): string {
    return join(this.folder, 'ra1/ca.crt');
  }

  /** The address of an RA itself. */
  portOf(ra: number): number {
    return this.#running.portOf(ra);
  }

  /** Resolves when every RA reports ready, and the balancer knows it. @throws Error if that takes too long */
  async ready(): Promise<void> {
    await until(RECOVERY, () => this.#running.checkReady());
  }

  async kept(): Promise<Kept> {
    this.#pools ??= { ra: this.#pool('upki_ra'), ca: this.#pool('upki_ca') };
    return readKept(asking(this.#pools.ra), asking(this.#pools.ca));
  }

  /** Kills the primary; returns the function that promotes its standby. */
  async killPrimary(): Promise<() => Promise<void>> {
    const { standby } = this;
    if (standby === null) throw new Error('there is no standby');
    await this.database.kill();
    return async () => {
      await standby.promote();
      this.#failed = this.database;
      this.database = standby;
      // The run's own link leads to the dead primary.
      await this.#pools?.ra.end();
      await this.#pools?.ca.end();
      this.#pools = null;
    };
  }

  note(line: string): void {
    this.log.write(`--- ${new Date().toISOString()} ${line}\n`);
  }

  /** Shuts everything down cleanly. @throws Error if a program does not end cleanly */
  async stop(): Promise<void> {
    await this.#running.stopInOrder();
    await this.abort();
  }

  /** Ends it in any case; leaves only its files. */
  async abort(): Promise<void> {
    for (const program of [...(this.#programs?.ras ?? []), ...(this.#programs?.cas ?? [])])
      await program.kill();
    await this.#programs?.stop();
    await this.#pools?.ra.end();
    await this.#pools?.ca.end();
    const links = [...this.toDatabase.values(), ...[...this.toCas.values()].flat(), ...this.#registration];
    for (const link of links) await link.close();
    for (const link of this.#toStandby) await link.close();
    if (this.standby !== null && this.standby !== this.database) await this.standby.remove();
    await this.#failed?.remove();
    await this.database.remove();
    await new Promise((resolve) => this.log.end(resolve));
  }

  /** Deletes its files. */
  forget(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  get #running(): Programs {
    if (!this.#programs) throw new Error('the cluster was not started');
    return this.#programs;
  }

  async #start({ tools, env, report, olderRas }: ClusterOptions): Promise<void> {
    const program = await findHaproxy(tools);
    this.#programs = await startCluster({
      folder: this.folder,
      databaseUrl: this.database.url(),
      ras: REPLICAS,
      cas: CAS,
      env: { UPKI_LOG_FORMAT: 'json', ...env },
      ...(olderRas !== undefined && { program: (name: string) => (name.startsWith('ra') ? olderRas : UPKI) }),
      onOutput: (program, line) => {
        this.log.write(`${program} ${line}\n`);
        if (line.includes('"level":50') && !this.tolerates(line))
          report('unexpected', `${program} logged: ${line}`);
      },
      between: {
        database: async (url, program) => {
          const link = await Link.open(this.database.port);
          this.toDatabase.set(program, link);
          const through = new URL(url);
          through.port = String(link.port);
          if (this.standby === null) return through.href;
          const second = await Link.open(this.standby.port);
          this.#toStandby.push(second);
          return through.href.replace(`:${link.port}/`, `:${link.port},127.0.0.1:${second.port}/`);
        },
        ca: async (port, ra) => {
          const [near = 0] = await freePortPairs(1);
          const links = this.toCas.get(ra) ?? [];
          this.toCas.set(ra, links);
          links.push(await Link.open(port, near));
          this.#registration.push(await Link.open(port + 1, near + 1));
          return near;
        },
      },
      ...(program !== null && {
        front: async (ras, folder) => {
          this.haproxy = await startHaproxy(program, ras, folder);
          return this.haproxy;
        },
      }),
    });
    await this.ready();
    // It began its checks before the RAs served, and sends everything to the first one it finds up.
    await this.haproxy?.allUp(RECOVERY);
  }

  /** The run's own connection to the database, which no fault affects. */
  #pool(schema: string): Pool {
    const pool = new Pool({
      connectionString: this.database.url(),
      options: `-c search_path=${schema}`,
      max: 1,
    });
    pool.on('error', () => {});
    return pool;
  }
}

function asking(pool: Pool): Ask {
  return async (sql) => (await pool.query(sql)).rows;
}
