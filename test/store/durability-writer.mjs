// Run as a process of its own by durability.test.ts: stores settings as fast as it can and prints the name of each
// one that was acknowledged, until it is killed. Arguments: URL of the built store module, path of the database.
import { writeSync } from 'node:fs';

const [, , module = '', path = ''] = process.argv;
const { openRaStore } = await import(module);
const store = await openRaStore(path);
let next = 0;
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (;;) {
      next += 1;
      const name = `n${next}`;
      await store.putSetting(name, `${name} is kept`);
      acknowledge(`${name}\n`);
    }
  }),
);

/**
 * Written before anything else happens; a pipe whose reader is slower says EAGAIN and is asked again.
 * @param {string} line
 */
function acknowledge(line) {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}
