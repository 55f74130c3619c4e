import type { Link } from '../kit/link.js';
import { UPKI } from '../kit/upki.js';
import type { Chance } from '../promises/chance.js';
import type { Excuses } from '../promises/outages.js';
import type { Cluster } from './cluster.js';
import type { Blow } from './strike.js';

/** A fault of a cluster that begins and is repaired later. */
export interface Fault extends Omit<Blow, 'harm'> {
  name: string;
  /** Part of the short run. */
  short?: boolean;
  /** Programs may log that the database is unavailable. */
  databaseAway?: boolean;
  /** The parts of the cluster that only this fault needs. */
  cluster?: { standby?: boolean; olderRas?: boolean };
  /** Causes the fault; returns the function that repairs it. */
  strike(cluster: Cluster, chance: Chance): Promise<() => Promise<unknown>>;
}

const NOTHING: Excuses = { lost: false, unavailable: false };
const LOST: Excuses = { lost: true, unavailable: false };
const UNAVAILABLE: Excuses = { lost: false, unavailable: true };

/** kill -9, and a restart as by a service manager. */
const killed =
  (kind: 'ras' | 'cas', count: number): Fault['strike'] =>
  async (cluster, chance) => {
    const victims = chance.shuffled(cluster[kind]).slice(0, count);
    await Promise.all(victims.map((program) => program.kill()));
    return () => Promise.all(victims.map((program) => program.start()));
  };

const cut =
  (how: 'refused' | 'silent', links: (cluster: Cluster, chance: Chance) => Iterable<Link>): Fault['strike'] =>
  async (cluster, chance) => {
    const chosen = [...links(cluster, chance)];
    await Promise.all(chosen.map((link) => link.cut(how)));
    return () => Promise.all(chosen.map((link) => link.heal()));
  };

const allToCas = ({ toCas }: Cluster) => [...toCas.values()].flat();
const allToDatabase = ({ toDatabase }: Cluster) => toDatabase.values();
const ofOneRa =
  <T>(ways: (cluster: Cluster) => ReadonlyMap<string, T>) =>
  (cluster: Cluster, chance: Chance): T[] => {
    const [one] = chance.shuffled(cluster.ras);
    const found = one && ways(cluster).get(one.name);
    return found === undefined ? [] : [found];
  };

export const FAULTS: readonly Fault[] = [
  {
    name: 'ra',
    what: 'kill -9 one RA of three',
    short: true,
    excuses: LOST,
    serves: true,
    lasts: 4_000,
    strike: killed('ras', 1),
  },
  {
    name: 'ras',
    what: 'kill -9 two RAs of three',
    excuses: LOST,
    serves: true,
    lasts: 4_000,
    strike: killed('ras', 2),
  },
  {
    name: 'ca',
    what: 'kill -9 one CA of two',
    excuses: NOTHING,
    serves: true,
    lasts: 4_000,
    strike: killed('cas', 1),
  },
  {
    name: 'cas',
    what: 'kill -9 both CAs',
    excuses: UNAVAILABLE,
    serves: false,
    lasts: 4_000,
    strike: killed('cas', 2),
  },
  {
    name: 'database-stop',
    what: 'stop PostgreSQL, and start it again',
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 4_000,
    strike: async ({ database }) => {
      await database.stop();
      return () => database.resume();
    },
  },
  {
    name: 'database-crash',
    what: 'kill PostgreSQL, and start it again',
    short: true,
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 2_000,
    strike: async ({ database }) => {
      await database.kill();
      return () => database.resume();
    },
  },
  {
    name: 'database-refused',
    what: 'cut the network to the database, with resets',
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 4_000,
    strike: cut('refused', allToDatabase),
  },
  {
    name: 'database-silent',
    what: 'cut the network to the database, in silence',
    short: true,
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 7_000,
    strike: cut('silent', allToDatabase),
  },
  {
    name: 'database-blip',
    what: 'the same for a second: every connection is forgotten, and nobody is told',
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 1_000,
    strike: cut('silent', allToDatabase),
  },
  {
    name: 'database-one',
    what: 'cut the network between one RA and the database, in silence',
    excuses: UNAVAILABLE,
    serves: true,
    databaseAway: true,
    lasts: 12_000,
    strike: cut(
      'silent',
      ofOneRa(({ toDatabase }) => toDatabase),
    ),
  },
  {
    name: 'ca-refused',
    what: 'cut the network to the CAs, with resets',
    excuses: UNAVAILABLE,
    serves: false,
    lasts: 6_000,
    strike: cut('refused', allToCas),
  },
  {
    name: 'ca-silent',
    what: 'cut the network to the CAs, in silence',
    short: true,
    excuses: UNAVAILABLE,
    serves: false,
    lasts: 7_000,
    strike: cut('silent', allToCas),
  },
  {
    name: 'ca-one',
    what: 'cut the network to one CA of two, in silence',
    excuses: NOTHING,
    serves: true,
    lasts: 12_000,
    strike: cut('silent', ({ toCas }, chance) => {
      const which = chance.between(0, 1);
      return [...toCas.values()].flatMap((links) => links[which] ?? []);
    }),
  },
];

/** Faults that need a cluster of their own. */
export const LONE_FAULTS: readonly Fault[] = [
  {
    name: 'failover',
    what: 'kill the PostgreSQL primary, and promote its synchronous standby',
    excuses: UNAVAILABLE,
    serves: false,
    databaseAway: true,
    lasts: 2_000,
    cluster: { standby: true },
    strike: (cluster) => cluster.killPrimary(),
  },
  {
    name: 'upgrade',
    what: 'RAs of 17b31f4 end one after another, and start again as this version',
    excuses: LOST,
    serves: true,
    lasts: 4_000,
    cluster: { olderRas: true },
    strike: async (cluster) => {
      const [first, ...others] = cluster.ras;
      await first?.stop();
      first?.use(UPKI);
      await first?.start();
      // Both versions serve as long as this lasts.
      return async () => {
        for (const ra of others) {
          await ra.stop();
          ra.use(UPKI);
          await ra.start();
        }
      };
    },
  },
];
