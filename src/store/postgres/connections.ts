import { type ClientBase, Pool, type PoolClient } from 'pg';
import { StoreUnavailable } from '../contract/errors.js';
import type { Answer, Batch } from './batch.js';
import { leavesConnectionUsable } from './failures.js';
import type { Hosts } from './hosts.js';
import { IDLE_TIMEOUT, PROBE_AFTER, SESSION, STATEMENT_TIMEOUT, TYPES } from './session.js';

/**
 * Most connections, of those that are `quick` and of the others. Each is a process of the server with some 10 MB. Both, times the
 * replicas, must stay below the server's `max_connections`.
 */
const QUICK = 4;
const DURABLE = 8;
/**
 * Longest wait for a connection, in ms: as long as a client may wait for an answer that tells it to come
 * back.
 */
export const CONNECT_TIMEOUT = 5_000;
/** The server's own limit applies first; this one is for a server that has become unreachable. */
const ANSWER_TIMEOUT = STATEMENT_TIMEOUT + 1_000;

export interface ConnectionOptions {
  /** postgres://… */
  url: string;
  /** Holds all tables. */
  schema: string;
  /** An idle connection was lost. */
  onLost?(error: Error): void;
  /** Longest wait for an answer, ms; for tests. */
  answerTimeout?: number;
  /**
   * Commits do not wait for the disk. Without this, one that changes only unlogged tables still waits if a read of its batch
   * removed old versions of rows, which is logged.
   */
  quick?: boolean;
}

/**
 * Connections to one schema, at the host that accepts writes. Lost ones are replaced when next needed; where
 * the URL names several hosts, the one that accepts writes is determined again.
 */
export class Connections {
  #pool: { url: string; pool: Pool } | null = null;
  /** The value of `#losses` when a connection was made. */
  readonly #madeAfter = new WeakMap<ClientBase, number>();
  #losses = 0;

  /** @param hosts of the URL; shared by all connections of a program, which never use different ones for long */
  constructor(
    private readonly hosts: Hosts,
    private readonly options: ConnectionOptions,
  ) {}

  /** The connections to the host that accepts writes. Connections to an earlier host end when they are released. */
  async #current(): Promise<Pool> {
    const url = await this.hosts.writable();
    if (this.#pool?.url === url) return this.#pool.pool;
    const before = this.#pool;
    const pool = this.#make(url);
    this.#pool = { url, pool };
    before?.pool.end().catch(() => {});
    return pool;
  }

  #make(url: string): Pool {
    const { schema, onLost, answerTimeout = ANSWER_TIMEOUT, quick = false } = this.options;
    const pool = new Pool({
      connectionString: url,
      application_name: 'upki',
      max: quick ? QUICK : DURABLE,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      idleTimeoutMillis: IDLE_TIMEOUT,
      query_timeout: answerTimeout,
      keepAlive: true,
      keepAliveInitialDelayMillis: PROBE_AFTER,
      types: TYPES,
      onConnect: async (client) => {
        await client.query(SESSION, [schema]);
        if (quick) await client.query('SET synchronous_commit = off');
        this.#madeAfter.set(client, this.#losses);
      },
    });
    // A new error: the driver's own refers to its client, whose settings include the password.
    pool.on('error', (error) => {
      this.hosts.forget();
      onLost?.(new StoreUnavailable(error.message));
    });
    return pool;
  }

  /** How many wait for a connection. */
  get waiting(): number {
    return this.#pool?.pool.waitingCount ?? 0;
  }

  /** Carries a batch out on a connection of its own. Rejects with the driver's error. */
  async carryOut(batch: Batch): Promise<Answer[]> {
    const client = await this.#connection();
    let failed = false;
    const lost = () => {
      failed = true;
    };
    client.on('error', lost);
    try {
      client.query(batch);
      return await batch.done;
    } catch (error) {
      failed ||= !leavesConnectionUsable(error);
      if (failed) this.#lost(client);
      throw error;
    } finally {
      client.off('error', lost);
      client.release(failed);
    }
  }

  /** Waits for statements under way. */
  async close(): Promise<void> {
    await this.#pool?.pool.end();
  }

  /**
   * A connection made after the last loss. Older connections may be dead too without either end knowing, and each
   * would cost a caller the full time limit.
   */
  async #connection(): Promise<PoolClient> {
    for (;;) {
      const pool = await this.#current();
      const client = await pool.connect().catch((error) => {
        this.hosts.forget();
        throw error;
      });
      if (this.#madeAfter.get(client) === this.#losses) return client;
      client.release(true);
    }
  }

  /** Connections lost together count as one loss, so that newer ones are kept. */
  #lost(client: PoolClient): void {
    this.hosts.forget();
    if (this.#madeAfter.get(client) === this.#losses) this.#losses += 1;
  }
}
