import { parseArgs } from 'node:util';
import { wholeNumber } from '../kit/command-line.js';
import type { TurnOptions } from './measure/turn.js';

export const USAGE = `npm run tool bench -- [options]

  --clients N    concurrent clients (16)
  --seconds N    length of a turn (10)
  --turns N      turns of each server (3)
  --warm-up N    seconds before the clock starts in each turn (3)
  --cold N       number of certificates of the cold start, shown separately (500)
  --warm N       certificates before the first turn: V8 compiles for about 3000; 0 for none, and no cold figure (3000)
  --store WHICH  sqlite: uPKI with default settings (the default); postgres: also, in turns with that, uPKI on a PostgreSQL
                 that waits for the disk at every commit; prints ratios
  --replicas N   with --store postgres, N RAs behind HAProxy and two CAs; 1 (the default) is one RA, without a
                 balancer, and one CA
  --workers N    with --store postgres and one replica, also an RA with N workers (UPKI_RA_WORKERS), in turns with the others
  --peers        Pebble, step-ca and Caddy's acme_server in turns with uPKI; a peer that cannot be built is named at the end,
                 and the exit code is 1
  --overload     only uPKI, under four times the load it can serve, then with idle and slow connections
  --grow N       uPKI with N accounts, orders and certificates in its stores, in turns with one that has a thousand
  --against DIR  another build of uPKI, in turns with this one: the folder that contains its dist/; on PostgreSQL with --store
  --node OPTIONS another uPKI whose Node has these options, in turns
  --chart FILE   draws the figures of the run as SVG
  --profile DIR  draws flame graphs of RA, CA and their threads there, next to V8's CPU profiles; of uPKI on PostgreSQL if
                 that is measured; costs a fifth more
`;

export interface Options extends TurnOptions {
  /** Number of certificates of the cold start, whose cost is shown separately. */
  cold: number;
  /** Number of certificates before the first turn. */
  warm: number;
  turns: number;
  /** Number of RAs on PostgreSQL, in turns with the plain uPKI; null for none. */
  replicas: number | null;
  /** Processes of the one RA on PostgreSQL. */
  workers: number;
  peers: boolean;
  overload: boolean;
  /** Number of certificates to fill the stores with; null without `--grow`. */
  grow: number | null;
  /** Folders of other builds. */
  against: string[];
  /** Node options of further servers, one string each. */
  node: string[];
  chart: string | null;
  profile: string | null;
}

/** Each RA opens at most twelve connections, of the two hundred that PostgreSQL has for RAs and two CAs. */
const MOST_REPLICAS = 12;

/** Null if help was requested. @throws TypeError, RangeError with the reason */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      clients: { type: 'string', default: '16' },
      seconds: { type: 'string', default: '10' },
      turns: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '3' },
      cold: { type: 'string', default: '500' },
      warm: { type: 'string', default: '3000' },
      store: { type: 'string', default: 'sqlite' },
      replicas: { type: 'string', default: '1' },
      workers: { type: 'string', default: '1' },
      peers: { type: 'boolean', default: false },
      overload: { type: 'boolean', default: false },
      grow: { type: 'string' },
      against: { type: 'string', multiple: true, default: [] },
      node: { type: 'string', multiple: true, default: [] },
      chart: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { peers, overload, against, node, chart = null, profile = null } = values;
  const replicas = replicasOf(values.store, wholeNumber('replicas', values.replicas, 1, MOST_REPLICAS));
  const workers = wholeNumber('workers', values.workers, 1, MOST_REPLICAS);
  if (workers > 1 && replicas !== 1)
    throw new RangeError(`--workers ${workers} needs --store postgres, and no --replicas`);
  const grow = values.grow === undefined ? null : wholeNumber('grow', values.grow, 1, 1_000_000_000);
  if (replicas !== null && (overload || grow !== null))
    throw new RangeError(
      `--${overload ? 'overload' : 'grow'} is for SQLite: --store postgres does not go with it`,
    );
  return {
    clients: wholeNumber('clients', values.clients, 1, 10_000),
    seconds: wholeNumber('seconds', values.seconds, 1, 86_400),
    turns: wholeNumber('turns', values.turns, 1, 10_000),
    cold: wholeNumber('cold', values.cold, 1, 1_000_000),
    warm: wholeNumber('warm', values.warm, 0, 1_000_000),
    warmUp: wholeNumber('warm-up', values['warm-up'], 0, 3_600),
    ...{ replicas, workers, peers, overload, grow, against, node, chart, profile },
  };
}

/** @throws RangeError */
function replicasOf(store: string, replicas: number): number | null {
  if (store === 'postgres') return replicas;
  if (store !== 'sqlite') throw new RangeError(`--store is "${store}": sqlite or postgres is wanted`);
  if (replicas > 1)
    throw new RangeError(`--replicas ${replicas} needs --store postgres: SQLite is for one RA`);
  return null;
}
