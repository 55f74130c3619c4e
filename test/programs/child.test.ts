import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('a program whose supervisor was killed while the program was loading ends, and does not continue to serve', async () => {
  const child = fork(join(import.meta.dirname, 'children', 'orphan.mjs'));
  await once(child, 'message');
  const ended = once(child, 'exit');
  child.disconnect();
  expect(await ended).toEqual([0, null]);
});
