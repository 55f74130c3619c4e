import { StoreUnavailable } from '../contract/errors.js';
import { type Answer, Batch, type Statement } from './batch.js';
import { type ConnectionOptions, Connections } from './connections.js';
import type { Database } from './database.js';
import { isTransient, storeError } from './failures.js';
import { Hosts } from './hosts.js';
import { Lane } from './lane.js';
import { isRead, Statements } from './statements.js';

/** Most waiting statements, as with SQLite. */
const MAX_WAITING = 20_000;
/** Attempts for a statement that lost a deadlock or a race, and was rolled back. */
const TRIES = 4;

/**
 * A database at a server. Used directly, each statement has a connection and a transaction of its own, for
 * statements that may take long or wait for each other: pages, searches, purges, operators' requests.
 * `shared` is for the short statements of issuance, which share both.
 */
export class DatabaseClient extends Statements {
  /**
   * Reads share one connection and writes another, so that no read waits for a disk or a standby. See
   * docs/scaling.md.
   */
  readonly shared: Database;
  /** For writes to unlogged tables, which a crash empties; they share a lane with the reads. */
  readonly quick: Database;
  readonly #all: readonly Connections[];

  constructor(options: ConnectionOptions) {
    const hosts = new Hosts(options.url);
    const durable = new Connections(hosts, options);
    const quick = new Connections(hosts, { ...options, quick: true });
    const alone = (statement: Statement) => askAlone(durable, statement);
    super(alone);
    this.#all = [durable, quick];
    const reads = new Lane(quick, (statement) => askAlone(quick, statement), MAX_WAITING);
    const writes = new Lane(durable, alone, MAX_WAITING);
    this.quick = new Statements((statement) => reads.ask(statement));
    this.shared = new Statements((statement) => (isRead(statement) ? reads : writes).ask(statement));
  }

  /** Waits for statements under way. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.close()));
  }
}

async function askAlone(connections: Connections, statement: Statement): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      if (connections.waiting >= MAX_WAITING) {
        throw new StoreUnavailable(`${MAX_WAITING} statements wait for the database already`);
      }
      const [answer] = await connections.carryOut(new Batch([statement]));
      return answer ?? { rows: [], changed: 0 };
    } catch (error) {
      if (tries === TRIES || !isTransient(error)) throw storeError(error);
    }
  }
}
