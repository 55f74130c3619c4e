import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from '../../src/lib/turns.js';

it('callers that come at once go on in order, each in a turn of the event loop of its own', async () => {
  const turns = new Turns();
  let turn = 0;
  let counting = true;
  const count = async () => {
    for (; counting; turn += 1) await nextTurn();
  };
  const counted = count();
  const wentOn: [caller: number, turn: number][] = [];
  await Promise.all([0, 1, 2, 3].map((caller) => turns.next().then(() => wentOn.push([caller, turn]))));
  counting = false;
  await counted;
  expect(wentOn.map(([caller]) => caller)).toEqual([0, 1, 2, 3]);
  expect(new Set(wentOn.map(([, each]) => each)).size).toBe(4);
});

it('a caller that comes later waits for one turn only', async () => {
  const turns = new Turns();
  await turns.next();
  let isLater = false;
  const later = turns.next().then(() => {
    isLater = true;
  });
  expect(isLater).toBe(false);
  await nextTurn();
  await later;
  expect(isLater).toBe(true);
});
