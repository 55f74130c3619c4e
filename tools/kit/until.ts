import { setTimeout as pause } from 'node:timers/promises';

/**
 * Calls a function repeatedly until it does not throw.
 * @param limit milliseconds
 * @throws the last error after the time limit
 */
export async function until<T>(limit: number, ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}
