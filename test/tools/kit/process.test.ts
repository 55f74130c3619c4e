import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/kit/folder.js';
import { NotReady, RunningProcess } from '../../../tools/kit/process.js';

/** Milliseconds that no program of this file needs. */
const AMPLE = 30_000;

let folder: string;
let started: RunningProcess[];
beforeEach(() => {
  folder = newFolder();
  started = [];
});
afterEach(async () => {
  for (const each of started) await each.kill();
  rmSync(folder, { recursive: true });
});

function shell(script: string, options: ConstructorParameters<typeof RunningProcess>[2] = {}) {
  const running = new RunningProcess('sh', ['-c', script], { name: 'the program', ...options });
  started.push(running);
  return running;
}

describe('a started program', () => {
  it('is ready at the line for which the caller waits, and its lines reach the caller', async () => {
    const lines: string[] = [];
    const running = shell('echo one; echo ready at 8000; exec sleep 100', {
      onOutput: (line) => void lines.push(line),
    });
    const [, port] = await running.whenLine(AMPLE, /^ready at (\d+)$/);
    expect(port).toBe('8000');
    expect(lines).toEqual(['one', 'ready at 8000']);
    expect(running.running).toBe(true);
  });

  it('is ready when the function of the caller no longer throws', async () => {
    const running = shell('exec sleep 100');
    let tries = 0;
    const answer = await running.whenAnswers(AMPLE, async () => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
      return tries;
    });
    expect(answer).toBe(3);
  });

  it('that ends before it is ready is reported with its last lines', async () => {
    const waiting = shell('echo the disk is full >&2; exit 3').whenLine(AMPLE, /ready/);
    await expect(waiting).rejects.toThrow(NotReady);
    await expect(waiting).rejects.toThrow(/^the program ended with 3\nthe disk is full$/);
  });

  it('that is not ready in time is killed and reported with the last reason', async () => {
    const running = shell('exec sleep 100');
    const waiting = running.whenAnswers(150, () => Promise.reject(new Error('nobody listens')));
    await expect(waiting).rejects.toThrow(
      /^the program was not ready within 150 ms \(Error: nobody listens\)/,
    );
    expect(running.running).toBe(false);
  });

  it('that does not exist is reported, and can be killed', async () => {
    const running = new RunningProcess('/nowhere/program', []);
    await expect(running.whenLine(AMPLE, /x/)).rejects.toThrow(/did not start: .*ENOENT/);
    await running.kill();
    expect(running.pid).toBe(0);
  });

  it('that ignores SIGTERM is killed after the time limit', async () => {
    const running = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    await running.whenLine(AMPLE, /ready/);
    expect(await running.stop(50)).toBeNull();
    expect(running.running).toBe(false);
  });

  it('that ends at SIGTERM is stopped with its exit code', async () => {
    const running = shell("trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done");
    await running.whenLine(AMPLE, /ready/);
    expect(await running.stop()).toBe(4);
  });

  it('writes to its log by itself; the output is what this start has written', async () => {
    const log = join(folder, 'log');
    for (const word of ['first', 'second']) {
      const running = shell(`echo ${word}; exec sleep 100`, { log });
      await running.whenAnswers(AMPLE, async () => expect(running.output()).toBe(`${word}\n`));
      await running.kill();
    }
    expect(readFileSync(log, 'utf8')).toBe(
      ['first', 'second'].map((word) => `$ sh -c echo ${word}; exec sleep 100 &\n${word}\n`).join(''),
    );
  });

  it('has none of the UPKI_* variables of its parent', async () => {
    process.env.UPKI_LEFT_OVER = 'x';
    try {
      const running = shell('echo "left: $UPKI_LEFT_OVER, given: $UPKI_GIVEN"', { env: { UPKI_GIVEN: 'y' } });
      const [line] = await running.whenLine(AMPLE, /^left.*/);
      expect(line).toBe('left: , given: y');
    } finally {
      delete process.env.UPKI_LEFT_OVER;
    }
  });
});
