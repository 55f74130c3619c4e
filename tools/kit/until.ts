import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until the answer is no error.
 * @param limit milliseconds
 * @throws the last error, when the time is over
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
