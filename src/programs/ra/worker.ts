import cluster from 'node:cluster';
import { join } from 'node:path';

/** The variable with the number of a worker; ignored outside workers. */
const NUMBER = 'RA_WORKER';

/** The state that the starting process sends to its workers whenever it changes. */
export interface WorkersMessage {
  /** Names of the workers that do not serve. */
  notServing: string[];
}

/** Variables of a worker, in addition to those of the process that starts it. @param number from 1 */
export const workerEnvironment = (number: number): Record<string, string> => ({ [NUMBER]: String(number) });

/** The number of this process among the workers of its RA; 1 for an RA of one process. */
export const workerNumber = (): number => (cluster.isWorker ? Number(process.env[NUMBER]) : 1);

/** The folder with a worker's keys, registration and lock. The first worker uses the RA's folder. */
export const workerFolder = (dataDir: string, number = workerNumber()): string =>
  number === 1 ? dataDir : join(dataDir, `worker-${number}`);

/** Receives the names of workers that do not serve. Returns a function with a warning for each; before the first message, one warning. */
export function watchWorkers(): () => string[] {
  let warnings = cluster.isWorker ? ['the other workers of this RA may not serve yet'] : [];
  process.on('message', (message: Partial<WorkersMessage> | string) => {
    if (typeof message !== 'object' || !message.notServing) return;
    warnings = message.notServing.map((name) => `the ${name} does not serve; it is being started`);
  });
  return () => warnings;
}
