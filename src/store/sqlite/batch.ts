import { errorMessage } from '../../lib/error-message.js';
import { failureKind } from './failures.js';
import type { Call, FailedCall, Operations } from './protocol.js';
import type { Sql } from './sql.js';

interface BatchResult {
  results: unknown[];
  failures: FailedCall[];
}

/**
 * Runs a batch: its reads in one snapshot, then its writes in one transaction, so that one COMMIT (one fsync)
 * serves them all. A write that throws fails alone; when the transaction itself fails every write of it does.
 */
export function runBatch(sql: Sql, operations: Operations, calls: Call[]): BatchResult {
  const batch: BatchResult = { results: new Array(calls.length), failures: [] };
  const reads: number[] = [];
  const writes: number[] = [];
  calls.forEach(([name], index) => {
    (operations[name]?.write ? writes : reads).push(index);
  });
  const perform = (index: number): void => {
    const [name, args] = calls[index] as Call;
    const operation = operations[name];
    if (!operation) throw new Error(`the store has no operation ${name}`);
    batch.results[index] = operation.run(sql, ...args);
  };
  const fail = (index: number, error: unknown): void => {
    batch.failures.push({ index, kind: failureKind(error), message: messageOf(error) });
  };

  if (reads.length > 0) runReads(sql, reads, perform, fail);
  if (writes.length > 0) runWrites(sql, writes, perform, fail);
  return batch;
}

type Perform = (index: number) => void;
type Fail = (index: number, error: unknown) => void;

function runReads(sql: Sql, reads: number[], perform: Perform, fail: Fail): void {
  try {
    sql.beginRead();
    for (const index of reads) attempt(index, perform, fail);
    sql.rollback();
  } catch (error) {
    for (const index of reads) fail(index, error);
    end(sql);
  }
}

/** Tried without savepoints first: they cost two statements a write, and writes rarely throw. */
function runWrites(sql: Sql, writes: number[], perform: Perform, fail: Fail): void {
  try {
    sql.begin();
    for (const index of writes) perform(index);
    sql.commit();
  } catch (error) {
    end(sql);
    if (endsTransaction(error)) for (const index of writes) fail(index, error);
    else runGuardedWrites(sql, writes, perform, fail);
  }
}

/** One of the writes throws: repeats them, each behind a savepoint, so that only that one is rolled back. */
function runGuardedWrites(sql: Sql, writes: number[], perform: Perform, fail: Fail): void {
  const failed: [index: number, error: unknown][] = [];
  try {
    sql.begin();
    for (const index of writes) {
      sql.run('SAVEPOINT call');
      try {
        perform(index);
      } catch (error) {
        // A failing disk ends the whole transaction, including its savepoints.
        if (endsTransaction(error) || !sql.inTransaction) throw error;
        sql.run('ROLLBACK TO call');
        failed.push([index, error]);
      }
      sql.run('RELEASE call');
    }
    sql.commit();
    for (const [index, error] of failed) fail(index, error);
  } catch (error) {
    end(sql);
    for (const index of writes) fail(index, error);
  }
}

function attempt(index: number, perform: Perform, fail: Fail): void {
  try {
    perform(index);
  } catch (error) {
    fail(index, error);
  }
}

function end(sql: Sql): void {
  try {
    sql.rollback();
  } catch {
    // The next BEGIN shows whether the connection is usable; the calls have failed already.
  }
}

/** The fault is the disk's or the file's, not one call's: nothing of the batch can be committed. */
function endsTransaction(error: unknown): boolean {
  const kind = failureKind(error);
  return kind === 'unavailable' || kind === 'damaged';
}

function messageOf(error: unknown): string {
  return errorMessage(error);
}
