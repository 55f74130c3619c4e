import { setImmediate as turn } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { decodeRequest, encodeAnswer, encodeError } from '../../src/channel/envelope.js';
import { TaskError } from '../../src/channel/errors.js';
import { TestChannel } from './harness.js';

export const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

export async function channel(...args: ConstructorParameters<typeof TestChannel>): Promise<TestChannel> {
  const started = await new TestChannel(...args).listen();
  open.push(started);
  return started;
}

/** Answers with the params; a request with `turns` after so many turns of the event loop. */
export const echo = async (bytes: Uint8Array): Promise<string> => {
  const { task, params } = decodeRequest(bytes);
  if (task === 'refuse') return encodeError(new TaskError(300, 'no', 'badCSR'));
  if (task === 'break') return encodeError(new Error('a secret detail'));
  if (task === 'silence') return new Promise(() => {});
  for (let turns = Number(params.turns ?? 0); turns > 0; turns -= 1) await turn();
  return encodeAnswer(params);
};
