import cluster from 'node:cluster';
import { join } from 'node:path';

/** The variable by which a worker knows its number; it counts in a worker only. */
const NUMBER = 'RA_WORKER';

/** The state that the starting process sends to its workers whenever it changes. */
export interface WorkersMessage {
  /** The names of those that do not serve. */
  notServing: string[];
}

/** The environment of a worker beside that of the process that starts it. @param number from 1 */
export const workerEnvironment = (number: number): Record<string, string> => ({ [NUMBER]: String(number) });

/** The number of this process among the workers of its RA; 1 for an RA of one process. */
export const workerNumber = (): number => (cluster.isWorker ? Number(process.env[NUMBER]) : 1);

/** A worker's folder for its keys, registration and lock: the first worker uses the RA's own folder. */
export const workerFolder = (dataDir: string, number = workerNumber()): string =>
  number === 1 ? dataDir : join(dataDir, `worker-${number}`);

/** Listens for which workers of this RA do not serve; gives a warning for each, and one until that is known. */
export function watchWorkers(): () => string[] {
  let warnings = cluster.isWorker ? ['the other workers of this RA may not serve yet'] : [];
  process.on('message', (message: Partial<WorkersMessage> | string) => {
    if (typeof message !== 'object' || !message.notServing) return;
    warnings = message.notServing.map((name) => `the ${name} does not serve; it is being started`);
  });
  return () => warnings;
}
