import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeChannel } from '../../src/channel/describe.js';
import { operations, registration } from '../../src/channel/tasks/index.js';

const file = new URL('../../docs/channel.md', import.meta.url);

it('docs/channel.md matches the task schemas (npm run docs writes it)', () => {
  expect(readFileSync(file, 'utf8')).toBe(describeChannel());
});

it('the reference has every task, and every cell has a meaning', () => {
  const text = describeChannel();
  for (const name of [...Object.keys(operations), ...Object.keys(registration)]) {
    expect(text).toContain(`| \`${name}\` |`);
  }
  expect(text).not.toMatch(/undefined|\bunion\b|\bpipe\b|\brecord\b|\bcodec\b/);
});

it('every task of the recorded contract exists', () => {
  const transcripts = JSON.parse(
    readFileSync(new URL('../data/zmq-transcripts.json', import.meta.url), 'utf8'),
  ) as Record<string, { request: string }[]>;
  const named = (port: string) =>
    new Set(transcripts[port]?.flatMap(({ request }) => /"TASK":"(\w+)"/.exec(request)?.[1] ?? []));
  for (const name of named('port5000')) if (name !== 'nope') expect(Object.keys(operations)).toContain(name);
  for (const name of named('port5001'))
    if (name !== 'nope') expect(Object.keys(registration)).toContain(name);
});
