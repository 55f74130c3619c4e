import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../tools/bench/options.js';

describe('the command line of the benchmark', () => {
  it('measures uPKI with default settings by default', () => {
    expect(readOptions([])).toEqual({
      ...{ clients: 16, seconds: 10, turns: 3, warmUp: 3, cold: 500, warm: 3000 },
      ...{ replicas: null, workers: 1, peers: false, overload: false, grow: null },
      ...{ against: [], node: [], chart: null, profile: null },
    });
  });

  it('accepts the numbers of a run, on PostgreSQL and with peers', () => {
    const numbers = ['--clients', '8', '--seconds', '5', '--turns', '2', '--warm-up', '0'];
    const options = readOptions([...numbers, '--store', 'postgres', '--peers']);
    expect(options).toMatchObject({ clients: 8, seconds: 5, turns: 2, warmUp: 0, replicas: 1, peers: true });
    expect(readOptions(['--store', 'postgres', '--replicas', '3'])?.replicas).toBe(3);
    expect(readOptions(['--store', 'postgres', '--workers', '3'])?.workers).toBe(3);
    expect(readOptions(['--cold', '20', '--warm', '0'])).toMatchObject({ cold: 20, warm: 0 });
    expect(readOptions(['--store', 'sqlite', '--replicas', '1'])?.replicas).toBeNull();
  });

  it('recognises a request for help', () => {
    expect(readOptions(['--help', '--replicas', '0'])).toBeNull();
  });

  it.each([
    [[]],
    [['--store', 'postgres', '--replicas', '2']],
  ])('says that workers are those of one RA on PostgreSQL: %s', (args) => {
    expect(() => readOptions(['--workers', '2', ...args])).toThrow('--workers 2 needs --store postgres');
  });

  it.each([
    ['--replicas', '3'],
    ['--replicas', '3', '--store', 'sqlite'],
  ])('reports that several RAs need PostgreSQL: %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow('--replicas 3 needs --store postgres');
  });

  it.each([
    ['--clients', '0'],
    ['--clients', '1.5'],
    ['--seconds', 'ten'],
    ['--seconds', ''],
    ['--turns', '0'],
    ['--warm-up', '1e3'],
    ['--replicas', '0'],
    ['--replicas', '13'],
    ['--grow', '1_000'],
    ['--store', 'mysql'],
  ])('names the option with an invalid value: %s %s', (option, value) => {
    expect(() => readOptions([option, value])).toThrow(new RegExp(`^${option} `));
  });

  it.each([
    ['--overload', '--store', 'postgres'],
    ['--store', 'postgres', '--grow', '1000'],
    ['--rounds', '3'],
    ['more'],
  ])('refuses %s %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow();
  });
});
