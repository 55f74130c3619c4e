import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newFolder } from '../../../tools/kit/folder.js';
import { alone } from '../../../tools/kit/lock.js';

it('work under one lock never overlaps, and an error releases it', async () => {
  const file = join(newFolder('lock'), 'lock');
  const inside: string[] = [];
  const turn = (name: string) =>
    alone(file, async () => {
      inside.push(`${name} begins`);
      await new Promise(setImmediate);
      inside.push(`${name} ends`);
    });
  await expect(alone(file, () => Promise.reject(new Error('it failed')))).rejects.toThrow('it failed');
  await Promise.all([turn('a'), turn('b')]);
  expect(inside).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
