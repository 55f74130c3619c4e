import type { Tools } from '../kit/tools.js';
import { Cluster } from './cluster.js';
import type { Fault } from './fault.js';
import { faultLine } from './lines.js';
import { saysDatabaseAway } from './logged.js';
import { OLDEST, olderBuild } from './older.js';
import type { Options } from './options.js';
import { ReplicaChecks } from './replicas.js';
import { type Struck, strike } from './strike.js';
import { runTrial } from './trial.js';

/** Milliseconds for a statement sent on a dead connection before the silence of another one was noticed. */
const LAST_WORDS = 12_000;

/** The checks of replicas, in this order, before any fault. */
export const REPLICA_CHECKS = ['replicas', 'takeover'] as const;
export type ReplicaCheck = (typeof REPLICA_CHECKS)[number];

/** Runs checks and faults in turn on one cluster, until one has a finding. */
export function runFaults(
  checks: readonly ReplicaCheck[],
  faults: readonly Fault[],
  { clients, seed }: Options,
  tools: Tools,
  say: (line: string) => void,
): Promise<boolean> {
  return runTrial({
    clients,
    seed,
    say,
    start: async (env, report) => {
      const wanted = faults.find(({ cluster }) => cluster !== undefined)?.cluster ?? {};
      return Cluster.start({
        ...{ tools, env, report },
        ...(wanted.standby && { standby: true }),
        ...(wanted.olderRas && { olderRas: await olderBuild(OLDEST) }),
      });
    },
    async attempt({ subject: cluster, world, outages, run, chance }) {
      const { findings } = world.ledger;
      say(`three RAs behind ${cluster.front}, two CAs, PostgreSQL; ${clients} clients`);
      let done = 0;
      const replicas = new ReplicaChecks(cluster, world.network);
      for (const check of checks) {
        say(check === 'replicas' ? await replicas.agree() : await replicas.takeOver());
        done += 1;
      }
      replicas.close();
      for (const fault of faults) {
        if (findings.length > 0) break;
        let struck: Struck | null = null;
        if (fault.databaseAway) cluster.tolerates = saysDatabaseAway;
        const report = await run.round(async () => {
          const aim = chance.branch();
          struck = await strike(
            { ...fault, harm: () => fault.strike(cluster, aim) },
            { subject: cluster, world, outages },
          );
          return struck.certificate;
        });
        const until = Date.now() + LAST_WORDS;
        cluster.tolerates = (line) => Date.now() < until && saysDatabaseAway(line);
        done += 1;
        if (struck) say(faultLine(fault, struck, report));
      }
      return `${done} of ${checks.length + faults.length} checks and faults`;
    },
  });
}
