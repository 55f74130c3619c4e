import { type CustomTypesConfig, types } from 'pg';

/** Every statement is bounded and found by index; one that takes longer waits for something broken, ms. */
export const STATEMENT_TIMEOUT = 5_000;
/** A connection nothing was asked of for so long is ended, ms. */
export const IDLE_TIMEOUT = 60_000;
/** Both ends ask whether an idle connection still leads anywhere after so long, ms. */
export const PROBE_AFTER = 15_000;

/** BIGINT holds our times and counts, far below 2^53; bytes come as the same kind as SQLite's. */
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
