import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fencesOf } from '../../../tools/judges/docs/fences.js';
import { PAGES } from '../../../tools/judges/docs/pages.js';

const headings = Object.entries(PAGES).flatMap(([page, { before, after }]) =>
  Object.keys({ ...before, ...after }).map((key) => ({ page, heading: key.replace(/ \[\d+\]$/, '') })),
);

it.each(headings)('$page has a block under “$heading”, for which docs-check prepares or checks something', ({
  page,
  heading,
}) => {
  expect(fencesOf(page, readFileSync(page, 'utf8')).map((fence) => fence.heading)).toContain(heading);
});

it('what docs-check prepares for a page leaves no folder outside its world', () => {
  const prepared = Object.values(PAGES).flatMap(({ setup, before = {}, after = {} }) => [
    ...(setup === undefined ? [] : [setup]),
    ...Object.values(before),
    ...Object.values(after),
  ]);
  const made = prepared.flatMap((lines) => lines.match(/mktemp[^)]*/g) ?? []);
  expect(made.length).toBeGreaterThan(0);
  expect(made.filter((each) => !each.includes('$WORLD/'))).toEqual([]);
});
