import { parentPort, workerData } from 'node:worker_threads';
import type { StoreKind } from '../contract/open.js';
import { runBatch } from './batch.js';
import { caOperations } from './ca/operations.js';
import { openDatabase } from './database.js';
import { openingFailure } from './failures.js';
import type { Operations, Reply, Request, WorkerData } from './protocol.js';
import { raOperations } from './ra/operations.js';
import { Sql } from './sql.js';

/** The database thread: opens the file, then carries out batch after batch. Started by engine.ts only. */

const OPERATIONS: Record<StoreKind, Operations> = { ra: raOperations, ca: caOperations };

function main(): void {
  if (!parentPort) throw new Error('this module is a worker thread of the store');
  const port = parentPort;
  const send = (reply: Reply, handedOver: ArrayBuffer[] = []): void => port.postMessage(reply, handedOver);
  const { path, kind } = workerData as WorkerData;
  try {
    const db = openDatabase(path, kind);
    const sql = new Sql(db);
    port.on('message', (request: Request) => {
      if (request) {
        const done = runBatch(sql, OPERATIONS[kind], request);
        send({ type: 'done', ...done }, done.results.flatMap(longDer));
        return;
      }
      db.close();
      port.close();
    });
    send({ type: 'ready' });
  } catch (error) {
    send({ type: 'refused', ...openingFailure(error, path) });
    port.close();
  }
}

/** Octets above which DER is handed over. */
const LONG = 64 * 1024;

/**
 * The memory of a long CRL, which the main thread gets instead of a copy: this thread would keep its own until its heap, which
 * hardly grows, is collected.
 */
function longDer(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null || !('der' in result)) return [];
  const { der } = result;
  if (!(der instanceof Uint8Array) || der.length < LONG || der.length !== der.buffer.byteLength) return [];
  return der.buffer instanceof ArrayBuffer ? [der.buffer] : [];
}

main();
