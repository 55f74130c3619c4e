import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Cluster, type ClusterOptions, type Front, startCluster } from '../../kit/cluster.js';
import { findHaproxy, type Haproxy, haproxyVersion, startHaproxy } from '../../kit/haproxy.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import type { Program } from '../../kit/program.js';
import type { Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import type { Network, Target } from './target.js';
import { upkiEnvironment, upkiVersion } from './upki.js';

export interface ReplicasOptions {
  /** Several RAs are behind a balancer and have two CAs; a single RA has no balancer and one CA. */
  ras: number;
  /** Processes of each RA; one when absent. */
  workers?: number;
  tools: Tools;
  /** Another build: the folder that contains its `dist/`. */
  build?: string;
  /** Added to the environment of all programs. */
  env?: Record<string, string>;
  /** Receives every line that the programs log, in JSON. */
  onOutput?: ClusterOptions['onOutput'];
}

/** Milliseconds until the programs must be ready. */
const PATIENCE = 30_000;

/**
 * A fresh uPKI on a PostgreSQL that waits for the disk at every commit. RAs and CAs are separate processes, with all
 * settings at their defaults. If HAProxy cannot be installed, a round robin in this process replaces it.
 */
export async function startReplicas(network: Network, options: ReplicasOptions): Promise<Target> {
  const { ras, workers = 1, tools, build, env, onOutput } = options;
  const program = ras > 1 ? await findHaproxy(tools) : null;
  const database = await PostgresServer.start({ durable: true });
  let cluster: Cluster | null = null;
  let haproxy = null as Haproxy | null;
  try {
    cluster = await startCluster({
      databaseUrl: database.url(),
      ras,
      cas: ras > 1 ? 2 : 1,
      env: { ...upkiEnvironment(network), UPKI_LOG_FORMAT: 'json', UPKI_RA_WORKERS: String(workers), ...env },
      ...(onOutput && { onOutput }),
      ...(build !== undefined && { program: () => join(build, 'dist/cli/main.js') }),
      ...(ras === 1 && { front: noBalancer }),
      ...(program !== null && {
        front: async (ports, folder) => {
          haproxy = await startHaproxy(program, ports, folder);
          return haproxy;
        },
      }),
    });
    await until(PATIENCE, cluster.checkReady);
    // Otherwise it sends the first clients only to the RAs it has found so far.
    await haproxy?.allUp(PATIENCE);
    const versions = [
      `PostgreSQL ${await postgresVersion(database.url())}`,
      ...(program === null ? [] : [`HAProxy ${await haproxyVersion(program)}`]),
      ...(ras > 1 && program === null ? ['a round robin in the driver'] : []),
    ];
    return targetOf(
      cluster,
      workers,
      database,
      haproxy,
      `${build ? `of ${build}` : upkiVersion()} with ${versions.join(', ')}`,
    );
  } catch (error) {
    await cluster?.stop();
    await database.remove();
    throw error;
  }
}

function targetOf(
  cluster: Cluster,
  workers: number,
  database: PostgresServer,
  haproxy: Haproxy | null,
  version: string,
): Target {
  const { directoryUrl, rootPem } = cluster;
  const [ras, cas] = [pidsOf(cluster.ras), pidsOf(cluster.cas)];
  // The process that holds the ports, and the workers that serve.
  const whole = workers > 1 ? [...ras, ...ras.flatMap(childrenOf)] : ras;
  return {
    name:
      ras.length > 1
        ? `uPKI, ${ras.length} RAs`
        : `uPKI on PostgreSQL${workers > 1 ? `, ${workers} workers` : ''}`,
    version,
    state: 'durable',
    identifiers: 'dns',
    directoryUrl,
    crlUrl: `http://127.0.0.1:${cluster.front.plainPort}/ca.crl`,
    serverRoot: rootPem,
    pids: {},
    groups: () => ({
      [named(ras, 'RA')]: whole,
      [named(cas, 'CA')]: cas,
      PostgreSQL: database.pids(),
      ...(haproxy && { HAProxy: [haproxy.pid] }),
    }),
    async stop() {
      try {
        await cluster.stopInOrder();
      } finally {
        await database.remove();
      }
    },
  };
}

/** Clients connect to the RA itself. */
async function noBalancer([port = 0]: readonly number[]): Promise<Front> {
  return { port, plainPort: port + 1, close: async () => undefined };
}

function pidsOf(programs: readonly Program[]): number[] {
  return programs.map(({ pid }) => pid ?? 0);
}

/** The processes that it has started. */
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

function named({ length }: readonly number[], what: string): string {
  return length > 1 ? `${length} ${what}s` : what;
}

async function postgresVersion(url: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]?.server_version ?? 'of unknown version';
}
