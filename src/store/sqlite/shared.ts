import type { Statement, Statements } from '../rows/shared.js';
import { runAudited } from './audit.js';
import type { Operation } from './protocol.js';
import type { Sql } from './sql.js';

// biome-ignore lint/suspicious/noExplicitAny: operations of every shape; the mapped type below types each
type Group = Record<string, (...args: any[]) => Statements<unknown>>;
type InSqlite<G extends Group> = {
  [Name in keyof G]: Operation<
    Parameters<G[Name]>,
    G[Name] extends (...args: never[]) => Statements<infer R> ? R : never
  >;
};

/** The shared operations of a noun, as the database thread runs them. */
export function inSqlite<Reads extends Group, Writes extends Group>(shared: {
  reads: Reads;
  writes: Writes;
}): InSqlite<Reads> & InSqlite<Writes> {
  const operations = (group: Group, write: boolean) =>
    Object.entries(group).map(([name, start]): [string, Operation] => [
      name,
      { write, run: (sql, ...args) => carryOut(sql, start(...args)) },
    ]);
  return Object.fromEntries([
    ...operations(shared.reads, false),
    ...operations(shared.writes, true),
  ]) as InSqlite<Reads> & InSqlite<Writes>;
}

/** Runs statements that are shared, but not an operation of their own. */
export function carryOut<Result>(sql: Sql, statements: Statements<Result>): Result {
  let next = statements.next();
  while (!next.done) next = statements.next(resultOf(sql, next.value));
  return next.value;
}

function resultOf(sql: Sql, { result, text, values, entry }: Statement): unknown {
  return entry === undefined
    ? sql[result](translated(text), ...values)
    : runAudited(sql, entry, translated(text), ...values);
}

const translations = new Map<string, string>();

/** The statement in the SQL of SQLite, where the order of insertion is the rowid and there is one writer at a time. */
function translated(text: string): string {
  let translation = translations.get(text);
  if (translation === undefined) {
    translation = text
      .replace(/\$(?=\d)/g, '?')
      .replace(/\bseq\b/g, 'rowid')
      .replace(/\bgreatest\(/g, 'max(')
      .replace(/\s+FOR UPDATE SKIP LOCKED\b/g, '');
    translations.set(text, translation);
  }
  return translation;
}
