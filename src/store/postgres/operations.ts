import type { Arguments, OperationResult } from '../rows/calls.js';
import type { Database } from './database.js';

/** The row-level operations of a store as PostgreSQL carries them out: each is one statement that changes anything. */
export type PostgresOperations<Operations> = {
  [Name in keyof Operations]: (
    db: Database,
    ...args: Arguments<Operations[Name]>
  ) => Promise<OperationResult<Operations[Name]>>;
};
