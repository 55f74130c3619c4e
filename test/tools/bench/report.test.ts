import { expect, test } from 'vitest';
import { Contender } from '../../../tools/bench/contenders.js';
import { STEPS } from '../../../tools/bench/driver/flow.js';
import { percentiles } from '../../../tools/bench/measure/percentiles.js';
import { type Summary, summarize } from '../../../tools/bench/measure/summary.js';
import { ratios, report } from '../../../tools/bench/report.js';

function aSummary(name: string, rates: number[], cpus: number[], cold: number | null = null): Summary {
  const none = percentiles([1]);
  return {
    ...{ name, version: '1', state: 'durable', stalls: 0, issued: 1, cold, rates, cpus },
    ...{
      issuancesPerSecond: 1,
      cpuPerIssuance: 1,
      cpuByProcess: { RA: 1 },
      driverCpuPerIssuance: 0,
      driverLoad: 0,
    },
    ...{
      requestsPerIssuance: 6,
      badNonces: 0,
      peakRss: 1,
      rssByProcess: { RA: 1 },
      whole: none,
      failures: [],
    },
    steps: Object.fromEntries(STEPS.map((step) => [step, none])) as Summary['steps'],
  };
}

test('ratios compare neighbouring turns: median, minimum and maximum', () => {
  const text = ratios([aSummary('A', [10, 20, 40], [2, 2, 3]), aSummary('B', [5, 20, 10], [4, 1, 3])]);
  expect(text).toContain('throughput 2.00 × (1.00 to 4.00)');
  expect(text).toContain('CPU per issuance 1.00 × (0.50 to 2.00)');
});

test('the median of an even number of turns is between the two in the middle', () => {
  const text = ratios([aSummary('A', [1, 3], [1, 1]), aSummary('B', [1, 1], [1, 1])]);
  expect(text).toContain('throughput 2.00 × (1.00 to 3.00)');
});

test('the cold start is shown separately if it was measured', () => {
  expect(report(aSummary('A', [1], [1], 7.7), 0.6)).toMatch(/first after a start +7\.70 ms/);
  expect(report(aSummary('A', [1], [1]), 0.6)).not.toContain('first after a start');
});

test('a run without issuances shows no figures', () => {
  expect(() => summarize(new Contender(() => Promise.reject(new Error('none'))))).toThrow('never ran');
});
