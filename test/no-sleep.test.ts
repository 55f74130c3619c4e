import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sourceFiles } from '../tools/docs/imports.js';

const root = join(import.meta.dirname, '..');

/** What lets time pass: timers of Node, its promises of timers, a sleeping statement of PostgreSQL, a sleeping thread. */
const SLEEPS = [
  /\bset(Timeout|Interval)\(/,
  /\bset(Timeout|Interval)\b[^;]*from 'node:timers/,
  /\bscheduler\.wait\b/,
  /\bpg_sleep\(/,
  /\bAtomics\.wait\(/,
];

/** Lines of a text that let time pass, counted from 1. */
function sleepsIn(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line, index) => (SLEEPS.some((each) => each.test(line)) ? [index + 1] : []));
}

/** Files that may, and why: how many lines do. */
const EXCEPTIONS: Record<string, [lines: number, why: string]> = {
  'test/store/postgres/batches.test.ts': [
    1,
    'two transactions of which each must have begun before the other ends',
  ],
  'test/store/postgres/faults.test.ts': [1, 'statements that must overlap, so that each takes a connection'],
  'test/no-sleep.test.ts': [5, 'the examples below'],
};

it('no test lets time pass: it waits for what happens, or moves the clock it brings', () => {
  const found = sourceFiles(root, ['test']).flatMap((file) => {
    const lines = sleepsIn(readFileSync(join(root, file), 'utf8'));
    return lines.length > (EXCEPTIONS[file]?.[0] ?? 0) ? [`${file}:${lines.join(',')}`] : [];
  });
  expect(found).toEqual([]);
});

it.each([
  'await new Promise((resolve) => setTimeout(resolve, 100));',
  "import { setTimeout as pause } from 'node:timers/promises';",
  'const timer = setInterval(look, 5);',
  "await client.all('SELECT pg_sleep(0.1)');",
  'Atomics.wait(cell, 0, 0, 100);',
])('a line that lets time pass is found: %s', (line) => {
  expect(sleepsIn(`const before = 1;\n${line}`)).toEqual([2]);
});

it.each([
  "import { setImmediate as turn } from 'node:timers/promises';",
  "vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });",
  'await vi.waitFor(() => expect(told).toEqual([1]));',
])('a line that waits for what happens is none: %s', (line) => {
  expect(sleepsIn(line)).toEqual([]);
});
