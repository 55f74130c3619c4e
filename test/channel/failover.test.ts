import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeRequest, encodeAnswer, encodeError } from '../../src/channel/envelope.js';
import { ChannelRefused, ChannelUnavailable, TaskError } from '../../src/channel/errors.js';
import { FailoverChannel, type FailoverOptions } from '../../src/channel/failover.js';
import { TestChannel } from './harness.js';

/** A CA that tells its name, or does what it was told to. */
class NamedCa {
  readonly asked: string[] = [];
  mood: 'answers' | 'silent' | 'refuses' | 'retry' = 'answers';
  readonly channel: TestChannel;

  constructor(readonly name: string) {
    this.channel = new TestChannel('clear', async (bytes) => {
      this.asked.push(decodeRequest(bytes).task);
      if (this.mood === 'silent') return new Promise(() => {});
      if (this.mood === 'refuses') return encodeError(new TaskError(300, 'no'));
      if (this.mood === 'retry') return encodeError(new TaskError(700, 'the store is away', 'retry'));
      return encodeAnswer(this.name);
    });
  }
}

let first: NamedCa;
let second: NamedCa;
let channel: FailoverChannel;
let time: number;
beforeEach(async () => {
  time = 0;
  [first, second] = [new NamedCa('first'), new NamedCa('second')];
  for (const each of [first, second]) await each.channel.listen();
});
afterEach(async () => {
  channel.close();
  for (const each of [first, second]) await each.channel.close();
});

/** Connected to, as the channel sees it. */
const connected = new Set<string>();

/** Ends a CA, and resolves when the channel knows. */
async function end(ca: NamedCa): Promise<void> {
  await ca.channel.stop();
  await vi.waitFor(() => expect(connected).not.toContain(ca.channel.endpoint), { interval: 2 });
}

async function open(options: Partial<FailoverOptions> = {}): Promise<void> {
  connected.clear();
  channel = new FailoverChannel({
    endpoints: [first.channel.endpoint, second.channel.endpoint],
    security: { mode: 'clear' },
    timeout: 5_000,
    now: () => time,
    onState: (state, endpoint) =>
      state === 'connected' ? connected.add(endpoint) : connected.delete(endpoint),
    ...options,
  });
  await vi.waitFor(() => expect(connected.size).toBe(2), { interval: 2 });
}

const ask = (task = 'get_ca') => channel.request(task, {});

describe('a channel to two CAs', () => {
  it('uses the first CA while it answers', async () => {
    await open();
    for (let count = 0; count < 5; count += 1) expect(await ask()).toBe('first');
    expect(second.asked).toEqual([]);
  });

  it('uses the other CA when the first has ended, unnoticed by the caller, and stays with it', async () => {
    await open();
    await ask();
    await end(first);
    expect(await ask()).toBe('second');
    await first.channel.listen();
    expect(await ask()).toBe('second');
    await end(second);
    expect(await ask()).toBe('first');
  });

  it('uses the other CA when the first does not answer, and avoids the silent one for a while', async () => {
    await open({ timeout: 500 });
    first.mood = 'silent';
    expect(await ask()).toBe('second');
    expect(await ask()).toBe('second');
    expect(first.asked).toHaveLength(1);
  });

  it('uses the other CA when the first cannot do the task now', async () => {
    await open();
    first.mood = 'retry';
    expect(await ask()).toBe('second');
  });

  it('does not repeat a task that may have been done and is not idempotent', async () => {
    await open({ timeout: 500 });
    first.mood = 'silent';
    await expect(ask('sign')).rejects.toMatchObject({ name: 'ChannelUnavailable', unsent: false });
    expect(second.asked).toEqual([]);
    // Known to be silent, it is not asked first any more.
    expect(await ask('sign')).toBe('second');
  });

  it('sends any task to another CA if it was never sent', async () => {
    await open();
    await end(first);
    expect(await ask('sign')).toBe('second');
  });

  it('accepts a refusal as an answer', async () => {
    await open();
    first.mood = 'refuses';
    await expect(ask()).rejects.toBeInstanceOf(ChannelRefused);
    expect(second.asked).toEqual([]);
  });

  it('fails when no CA answers, and tries both again afterwards', async () => {
    await open({ timeout: 500 });
    first.mood = 'silent';
    second.mood = 'silent';
    await expect(ask()).rejects.toBeInstanceOf(ChannelUnavailable);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
    [first.mood, second.mood] = ['answers', 'answers'];
    time += 60_000;
    expect(['first', 'second']).toContain(await ask());
  });

  it('waits for whichever connects first when none is connected', async () => {
    await open({ connectTimeout: 10_000, timeout: 20_000 });
    await end(first);
    await end(second);
    const answer = ask();
    await second.channel.listen();
    expect(await answer).toBe('second');
  });

  it('gives up at its own time limit when no CA can be reached', async () => {
    await open({ connectTimeout: 50 });
    await end(first);
    await end(second);
    await expect(ask()).rejects.toMatchObject({ name: 'ChannelUnavailable', unsent: true });
  });
});
