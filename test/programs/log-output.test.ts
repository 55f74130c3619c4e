import { expect, it } from 'vitest';
import { LogOutput, type WriteOctets } from '../../src/programs/log-output.js';

const fault = (code: string) => Object.assign(new Error(code), { code });

/** A file whose writes are answered by hand, in order. */
function heldFile() {
  const writes: { text: string; done: Parameters<WriteOctets>[1] }[] = [];
  const output = new LogOutput(2, (octets, done) => void writes.push({ text: `${octets}`, done }), 10);
  return { writes, output };
}

it('a log that the disk does not take is dropped, and later lines are written again', () => {
  const { writes, output } = heldFile();
  output.write('one\n');
  writes[0]?.done(fault('ENOSPC'), 0);
  output.write('two\n');
  writes[1]?.done(null, 4);
  output.write('three\n');
  expect(writes.map(({ text }) => text)).toEqual(['one\n', 'two\n', 'three\n']);
});

it('lines that come during a write are written together, those beyond the limit are dropped', () => {
  const { writes, output } = heldFile();
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n', 'x\n']) output.write(line);
  writes[0]?.done(null, 4);
  expect(writes.map(({ text }) => text)).toEqual(['one\n', 'two\nthree\n']);
});

it('a write that took only a part is continued', () => {
  const { writes, output } = heldFile();
  output.write('one two\n');
  writes[0]?.done(null, 4);
  expect(writes.map(({ text }) => text)).toEqual(['one two\n', 'two\n']);
});

it('the stream for readable lines writes to the same end', () => {
  const { writes, output } = heldFile();
  output.stream().write('line\n');
  expect(writes.map(({ text }) => text)).toEqual(['line\n']);
});
