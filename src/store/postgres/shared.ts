import type { Statement, Statements } from '../rows/shared.js';
import { runAudited } from './audit.js';
import type { Database } from './database.js';

// biome-ignore lint/suspicious/noExplicitAny: operations of every shape; the mapped type below types each
type Group = Record<string, (...args: any[]) => Statements<unknown>>;
type InPostgres<G extends Group> = {
  [Name in keyof G]: (
    db: Database,
    ...args: Parameters<G[Name]>
  ) => Promise<G[Name] extends (...args: never[]) => Statements<infer R> ? R : never>;
};

/** The shared operations of a noun, as PostgreSQL carries them out. */
export function inPostgres<Reads extends Group, Writes extends Group>(shared: {
  reads: Reads;
  writes: Writes;
}): InPostgres<Reads & Writes> {
  const operations = Object.entries<Group[string]>({ ...shared.reads, ...shared.writes }).map(
    ([name, start]) => [name, (db: Database, ...args: unknown[]) => carryOut(db, start(...args))],
  );
  return Object.fromEntries(operations) as InPostgres<Reads & Writes>;
}

/** Runs statements that are shared, but not an operation of their own. */
export async function carryOut<Result>(db: Database, statements: Statements<Result>): Promise<Result> {
  let next = statements.next();
  while (!next.done) next = statements.next(await resultOf(db, next.value));
  return next.value;
}

function resultOf(db: Database, { result, text, values, entry }: Statement): Promise<unknown> {
  return entry === undefined ? db[result](text, ...values) : runAudited(db, entry, text, ...values);
}

/** Shared SQL of tables, in the SQL of PostgreSQL: see `rows/schema.ts`. */
export function postgresSchema(...texts: readonly string[]): string {
  return texts.join('').replaceAll(' REFERENCES accounts (id)', '');
}
