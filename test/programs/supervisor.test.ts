import { fork } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChildSpec, Supervisor } from '../../src/programs/supervisor.js';
import { Heard } from '../support/heard.js';

const LIMITS = { backoff: [10, 10, 10], window: 60_000, startLimit: 20_000, stopLimit: 500 };

let supervisor: Supervisor | null = null;
afterEach(() => supervisor?.stop());

function supervise() {
  const heard = new Heard();
  let gaveUp: (value: string) => void;
  const end = new Promise<string>((resolve) => {
    gaveUp = resolve;
  });
  const made = new Supervisor({
    limits: LIMITS,
    say: heard.take,
    onGiveUp: () => gaveUp('gave up'),
  });
  supervisor = made;
  return { supervisor: made, heard, said: heard.lines, end };
}

function child(file: string, name = 'CA'): ChildSpec {
  let start = 0;
  const module = join(import.meta.dirname, 'children', `${file}.mjs`);
  return { name, fork: () => fork(module, [], { env: { ...process.env, START: String(++start) } }) };
}

const alive = (pid: unknown) => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

describe('the supervisor', () => {
  it('resolves a start with the message of the ready program', async () => {
    const { supervisor } = supervise();
    expect(await supervisor.start(child('obedient'))).toMatchObject({ start: '1' });
  });

  it('restarts a program that was killed, and logs this', async () => {
    const { supervisor, heard, said } = supervise();
    const { pid } = await supervisor.start(child('obedient'));
    process.kill(Number(pid), 'SIGKILL');
    await heard.until(({ length }) => length >= 2);
    expect(said).toEqual(['the CA was ended by SIGKILL; starting it again in 0.01 s', 'the CA serves again']);
  });

  it('ends everything when a program keeps dying', async () => {
    const { supervisor, said, end } = supervise();
    const other = await supervisor.start(child('obedient', 'CA'));
    await supervisor.start(child('frail', 'RA'));
    expect(await end).toBe('gave up');
    expect(said.at(-1)).toBe('the RA ended with code 3 for the 4th time in short order; ending everything');
    expect(alive(other.pid)).toBe(false);
  });

  it('ends everything at once when a program reports that it cannot start', async () => {
    const { supervisor, said, end } = supervise();
    const other = await supervisor.start(child('obedient', 'CA'));
    await expect(supervisor.start(child('hopeless', 'RA'))).rejects.toThrow('the RA cannot start');
    expect(await end).toBe('gave up');
    expect(said).toEqual(['the RA cannot start; ending everything']);
    expect(alive(other.pid)).toBe(false);
  });

  it('ends its programs when stopped and starts none again', async () => {
    const { supervisor, said } = supervise();
    const pids = [await supervisor.start(child('obedient')), await supervisor.start(child('obedient', 'RA'))];
    await supervisor.stop();
    expect(pids.map(({ pid }) => alive(pid))).toEqual([false, false]);
    expect(said).toEqual([]);
  });

  it('kills a program that does not stop on request', async () => {
    const { supervisor } = supervise();
    const { pid } = await supervisor.start(child('deaf'));
    await supervisor.stop();
    expect(alive(pid)).toBe(false);
  });
});
