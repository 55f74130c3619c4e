import type { StoreKind } from '../contract/open.js';
import type { Arguments, OperationResult } from '../rows/calls.js';
import type { Sql } from './sql.js';

/**
 * The messages between the event loop and the database thread. Arguments and results are primitives, bytes
 * and arrays of them, the cheapest things to copy; the event loop makes objects of them.
 */

/** One atomic operation, carried out in the database thread. Its only effects are in the database. */
// biome-ignore lint/suspicious/noExplicitAny: operations of every shape share a table; `Engine.call` types each
export interface Operation<Args extends any[] = any[], Result = unknown> {
  write: boolean;
  run(sql: Sql, ...args: Args): Result;
}

export type Operations = Record<string, Operation>;

/** The row operations of a store as SQLite carries them out. */
export type SqliteOperations<Contract> = {
  [Name in keyof Contract]: Operation<Arguments<Contract[Name]>, OperationResult<Contract[Name]>>;
};

export function read<Args extends unknown[], Result>(
  run: (sql: Sql, ...args: Args) => Result,
): Operation<Args, Result> {
  return { write: false, run };
}

export function write<Args extends unknown[], Result>(
  run: (sql: Sql, ...args: Args) => Result,
): Operation<Args, Result> {
  return { write: true, run };
}

export interface WorkerData {
  path: string;
  kind: StoreKind;
}

export type Call = [operation: string, args: unknown[]];
/** `null` asks the thread to close the database and end. */
export type Request = Call[] | null;

export type FailureKind = 'unavailable' | 'damaged' | 'conflict' | 'fault';
export interface FailedCall {
  /** Position of the call in the batch. */
  index: number;
  kind: FailureKind;
  message: string;
}

export type Reply =
  | { type: 'ready' }
  | { type: 'refused'; reason: 'tooNew' | 'refused' | 'failed'; message: string }
  /** `results` by position; where a failure is listed the result means nothing. */
  | { type: 'done'; results: unknown[]; failures: FailedCall[] };
