import type { Arguments, OperationResult } from './calls.js';

/**
 * Row operations that are the same in every database, written once. An operation is a generator: it yields
 * statements and receives their results, so that SQLite can run it at once and PostgreSQL wait for each answer.
 *
 * The SQL is PostgreSQL's, as far as SQLite has it too; `sqlite/shared.ts` lists what it translates. A write
 * of several statements is one transaction in SQLite, but not in PostgreSQL: each must be correct without the next.
 */
export interface Statement {
  /** The first row, all rows, or the number of changed rows. */
  result: 'get' | 'all' | 'run';
  text: string;
  values: readonly Value[];
  /** The entry that the audit log gets when the statement changes a row; of a statement that changes at most one. */
  entry?: string;
}

type Value = null | number | string | Uint8Array;

/** An operation under way. */
export type Statements<Result> = Generator<Statement, Result, unknown>;

/** The shared operations of a noun. SQLite runs reads in a snapshot and writes in a transaction. */
export interface SharedOperations<Operations> {
  reads: Partial<Shared<Operations>>;
  writes: Partial<Shared<Operations>>;
}

type Shared<Operations> = {
  [Name in keyof Operations]: (
    ...args: Arguments<Operations[Name]>
  ) => Statements<OperationResult<Operations[Name]>>;
};

/** The first row. The caller names the row's type: it is the list of columns it selected. */
export function* get<Row extends unknown[]>(text: string, ...values: Value[]): Statements<Row | undefined> {
  return (yield { result: 'get', text, values }) as Row | undefined;
}

export function* all<Row extends unknown[]>(text: string, ...values: Value[]): Statements<Row[]> {
  return (yield { result: 'all', text, values }) as Row[];
}

/** How many rows the statement changed. */
export function* run(text: string, ...values: Value[]): Statements<number> {
  return (yield { result: 'run', text, values }) as number;
}

export function* exists(text: string, ...values: Value[]): Statements<boolean> {
  return (yield { result: 'get', text, values }) !== undefined;
}

/** Whether the statement changed a row. */
export function* changes(text: string, ...values: Value[]): Statements<boolean> {
  return (yield { result: 'run', text, values }) !== 0;
}

/** Whether the statement changed its one row, and the audit log has the entry. */
export function* audited(entry: string, text: string, ...values: Value[]): Statements<boolean> {
  return (yield { result: 'run', text, values, entry }) as boolean;
}

/** `$1, $2, …` for a list of columns. */
export function placeholders(columns: string): string {
  return columns
    .split(', ')
    .map((_, index) => `$${index + 1}`)
    .join(', ');
}
