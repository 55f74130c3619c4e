import { type CustomTypesConfig, types } from 'pg';

/** Time limit of a statement, ms. Every statement is bounded and uses an index; a longer one waits for a fault. */
export const STATEMENT_TIMEOUT = 5_000;
/** An idle connection is closed after this time, ms. */
export const IDLE_TIMEOUT = 60_000;
/** Both ends probe an idle connection (TCP keep-alive) after this time, ms. */
export const PROBE_AFTER = 15_000;

/** BIGINT columns hold times and counts, far below 2^53; bytes become a Uint8Array, as with SQLite. */
const PARSERS: Record<number, (text: string) => unknown> = {
  [types.builtins.INT8]: Number,
  [types.builtins.BYTEA]: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
};
/** Reads a column of this type. */
export function parserOf(oid: number): (text: string) => unknown {
  return PARSERS[oid] ?? types.getTypeParser(oid);
}

export const TYPES: CustomTypesConfig = { getTypeParser: parserOf };

/**
 * Settings of every session, which override the defaults of the server and the role; `$1` is the schema. Every
 * statement finds its rows by an index, however many there are, so the planner must use indexes, and plans a
 * statement once.
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
