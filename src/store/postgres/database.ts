import { type ClientBase, type CustomTypesConfig, Pool, type PoolClient, types } from 'pg';
import { StoreConflict, StoreUnavailable } from '../contract/errors.js';
import { isTransient, leavesConnectionUsable, storeError } from './failures.js';

export type SqlValue = null | boolean | number | string | Uint8Array | readonly SqlValue[];
export type Row = unknown[];

/**
 * Connections kept at most. Each is a process of the server with some 10 MB; a statement holds one for about a
 * millisecond, so that a dozen serve thousands of statements a second. Replicas times this must stay below the server's
 * `max_connections`.
 */
const CONNECTIONS = 12;
/** Longest wait for a connection, ms: as long as a client of ours may wait for an answer that tells it to come back. */
const CONNECT_TIMEOUT = 5_000;
/** Every statement is bounded and found by index; one that takes longer waits for something broken. */
const STATEMENT_TIMEOUT = 5_000;
/** The server's own limit ends a statement first; this one is for a server that cannot be heard any more. */
const ANSWER_TIMEOUT = STATEMENT_TIMEOUT + 1_000;
/** A connection nothing was asked of for so long is ended, ms. */
const IDLE_TIMEOUT = 60_000;
/** Both ends ask whether an idle connection still leads anywhere after so long, ms. */
const PROBE_AFTER = 15_000;
/** Statements waiting at most, as with SQLite. */
const MAX_WAITING = 20_000;
/** Times a statement is tried that lost a deadlock or a race: nothing of it was done. */
const TRIES = 4;

/** BIGINT holds our times and counts, far below 2^53; bytes come as the same kind as SQLite's. */
const PARSERS: Record<number, (text: string) => unknown> = {
  [types.builtins.INT8]: Number,
  [types.builtins.BYTEA]: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
};
export const TYPES: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? types.getTypeParser(oid),
};

/**
 * For every session, whatever the server's or the role's defaults are; `$1` is the schema. Every statement finds its rows by
 * index, however many there are, so the planner is not to weigh anything else, and need not plan a statement twice.
 */
export const SESSION = `
  SELECT set_config('search_path', $1, false),
         set_config('statement_timeout', '${STATEMENT_TIMEOUT}', false),
         set_config('default_transaction_isolation', 'read committed', false),
         set_config('plan_cache_mode', 'force_generic_plan', false),
         set_config('enable_seqscan', 'off', false),
         set_config('enable_hashjoin', 'off', false),
         set_config('enable_mergejoin', 'off', false),
         set_config('jit', 'off', false),
         -- Ends what a broken network left behind at the server, where it would count as a connection for hours.
         set_config('idle_session_timeout', '${5 * IDLE_TIMEOUT}', false),
         set_config('tcp_keepalives_idle', '${PROBE_AFTER / 1000}', false),
         CASE WHEN current_setting('synchronous_commit') = 'off'
              THEN set_config('synchronous_commit', 'on', false) END`;

export interface DatabaseOptions {
  /** postgres://… */
  url: string;
  /** Holds all tables. */
  schema: string;
  /** A connection was lost while nothing was asked of it. */
  onLost?(error: Error): void;
  /** Longest wait for an answer, ms; for tests. */
  answerTimeout?: number;
}

/**
 * A pool of connections. Each statement is its own transaction, committed when its promise resolves; each text is prepared
 * once a connection. Connections that are lost are replaced when they are next needed. Rows are arrays in column order.
 * Rejects with StoreUnavailable when the server cannot be asked or cannot keep it, with StoreConflict when the values
 * contradict what is stored.
 */
export class Database {
  readonly #pool: Pool;
  readonly #names = new Map<string, string>();
  /** How often a connection had been lost when this one was made. */
  readonly #madeAfter = new WeakMap<ClientBase, number>();
  #losses = 0;

  constructor({ url, schema, onLost, answerTimeout = ANSWER_TIMEOUT }: DatabaseOptions) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: 'upki',
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      idleTimeoutMillis: IDLE_TIMEOUT,
      query_timeout: answerTimeout,
      keepAlive: true,
      keepAliveInitialDelayMillis: PROBE_AFTER,
      types: TYPES,
      onConnect: async (client) => {
        await client.query(SESSION, [schema]);
        this.#madeAfter.set(client, this.#losses);
      },
    });
    // Not the driver's own error, which carries its client with all it was given.
    this.#pool.on('error', (error) => onLost?.(new StoreUnavailable(error.message)));
  }

  /** The first row. The caller names the row's type: it is the list of columns it selected. */
  async get<R extends Row>(text: string, ...values: SqlValue[]): Promise<R | undefined> {
    return (await this.#ask<R>(text, values)).rows[0];
  }

  async all<R extends Row>(text: string, ...values: SqlValue[]): Promise<R[]> {
    return (await this.#ask<R>(text, values)).rows;
  }

  /** How many rows the statement changed. */
  async run(text: string, ...values: SqlValue[]): Promise<number> {
    return (await this.#ask(text, values)).changed;
  }

  /** Waits for statements under way. */
  close(): Promise<void> {
    return this.#pool.end();
  }

  async #ask<R extends Row>(text: string, values: SqlValue[]): Promise<{ rows: R[]; changed: number }> {
    if (values.some(hasNul)) return withNul(text);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once<R>(text, values);
      } catch (error) {
        if (tries === TRIES || !isTransient(error)) throw storeError(error);
      }
    }
  }

  async #once<R extends Row>(text: string, values: SqlValue[]): Promise<{ rows: R[]; changed: number }> {
    if (this.#pool.waitingCount >= MAX_WAITING) {
      throw new StoreUnavailable(`${MAX_WAITING} statements wait for the database already`);
    }
    const client = await this.#connection();
    let failed = false;
    const lost = () => {
      failed = true;
    };
    client.on('error', lost);
    try {
      const query = { text, values, name: this.#nameOf(text), rowMode: 'array' as const };
      const { rows, rowCount } = await client.query<R>(query);
      return { rows, changed: rowCount ?? 0 };
    } catch (error) {
      failed ||= !leavesConnectionUsable(error);
      if (failed) this.#lost(client);
      throw error;
    } finally {
      client.off('error', lost);
      client.release(failed);
    }
  }

  /**
   * One that is trusted. Where a connection was lost, those made before it may lead nowhere as well without either end knowing,
   * and each would cost somebody the whole wait for an answer.
   */
  async #connection(): Promise<PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      if (this.#madeAfter.get(client) === this.#losses) return client;
      client.release(true);
    }
  }

  /** Connections that are lost together count as one loss, so that those made since are kept. */
  #lost(client: PoolClient): void {
    if (this.#madeAfter.get(client) === this.#losses) this.#losses += 1;
  }

  #nameOf(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `upki${this.#names.size}`;
      this.#names.set(text, name);
    }
    return name;
  }
}

function hasNul(value: SqlValue): boolean {
  return typeof value === 'string' ? value.includes('\0') : isList(value) && value.some(hasNul);
}

function isList(value: SqlValue): value is readonly SqlValue[] {
  return Array.isArray(value);
}

/** No text in PostgreSQL has U+0000: nothing with it is found, and nothing with it can be stored. */
function withNul(text: string): { rows: never[]; changed: number } {
  if (/^\s*(SELECT|DELETE)\b/i.test(text)) return { rows: [], changed: 0 };
  throw new StoreConflict('a text with the character U+0000 cannot be stored');
}
