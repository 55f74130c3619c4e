import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cpuOf, figuresOf } from '../../../tools/bench/measure/processes.js';

describe('the measured use of processes', () => {
  it('includes the CPU of children that have ended', () => {
    const before = cpuOf([process.pid]);
    const spin = 'while (process.cpuUsage().user < 200_000);';
    expect(spawnSync(process.execPath, ['-e', spin]).status).toBe(0);
    expect(cpuOf([process.pid]) - before).toBeGreaterThan(150);
  });

  it('is read again if a process ends between being listed and being read', () => {
    const { pid } = spawnSync('true');
    const lists = [[process.pid, pid], [process.pid]];
    const figures = figuresOf(() => ({ server: lists.shift() ?? [] }), cpuOf);
    expect(figures.server).toBeGreaterThan(0);
    expect(lists).toEqual([]);
  });

  it('leaves out a process that has ended', () => {
    const { pid } = spawnSync('true');
    expect(() => figuresOf(() => ({ server: [pid] }), cpuOf)).toThrow(/ENOENT/);
  });
});
