import type { Client } from 'pg';

/** One step of a schema: SQL, or work on the rows that SQL cannot do. It runs in a transaction of its own. */
export type Migration = string | ((client: Client) => Promise<void>);
