import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Collects garbage in several turns of the event loop, because finalizers run between them. */
export async function collectGarbage(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    collect();
    await setImmediate();
  }
}
