import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createHttpServer } from '../../src/http/server.js';
import { Problem } from '../../src/model/problem.js';

/** The longest line that is logged when `path` is requested, in characters. */
async function longestLine(path: string): Promise<number> {
  const lines: string[] = [];
  const output = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const app = createHttpServer({ log: pino({ level: 'info' }, output) });
  app.get('/broken', async () => {
    throw new Error('broken');
  });
  app.get('/names', async () => {
    const subproblems = Array.from({ length: 100 }, (_, index) => {
      const value = `${index}.${'n'.repeat(240)}.test`;
      return {
        type: 'rejectedIdentifier',
        status: 400,
        detail: 'no',
        identifier: { type: 'dns' as const, value },
      };
    });
    throw new Problem('malformed', `no: ${'n'.repeat(20_000)}`, { subproblems });
  });
  await app.inject(path);
  await app.close();
  expect(lines.length).toBeGreaterThan(0);
  return Math.max(...lines.map((line) => line.length));
}

it.each([
  ['a long URL', `/nothing?${'x'.repeat(15_000)}`],
  ['a long URL whose request fails', `/broken?${'x'.repeat(15_000)}`],
  ['a refusal of a hundred names', '/names'],
])('a line of the log is short for %s, so that a flood of requests does not fill the disk', async (_, path) => {
  expect(await longestLine(path)).toBeLessThan(4_500);
});
