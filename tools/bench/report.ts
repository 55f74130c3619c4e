import { cpus, loadavg, release } from 'node:os';
import { STEPS } from './driver/flow.js';
import type { Percentiles } from './measure/percentiles.js';
import type { Summary } from './measure/summary.js';

/** Where and when the figures were measured, for comparisons. */
export function machine(): string {
  const [cpu] = cpus();
  const load = loadavg().map((each) => each.toFixed(1));
  return (
    `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ` +
    `Linux ${release()}, Node ${process.version}, load average before ${load.join(' ')}`
  );
}

/** One server's figures as text. */
export function report(summary: Summary, floor: number): string {
  const byProcess = (values: Record<string, number>, digits: number) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
      .join(' + ');
  const lines = [
    `${summary.name} ${summary.version} (${summary.state})`,
    `  issuances/s              ${summary.issuancesPerSecond.toFixed(0)}   (turns: ${summary.rates.map((rate) => rate.toFixed(0)).join(', ')})`,
    `  server CPU ms/issuance   ${summary.cpuPerIssuance.toFixed(2)}   (${byProcess(summary.cpuByProcess, 2)}; crypto floor ${floor.toFixed(2)})`,
    ...(summary.cold === null ? [] : [`  the first after a start   ${summary.cold.toFixed(2)} ms/issuance`]),
    `  peak RSS MiB             ${summary.peakRss.toFixed(0)}   (${byProcess(summary.rssByProcess, 0)})`,
    `  requests/issuance        ${summary.requestsPerIssuance.toFixed(2)}   (badNonce answers: ${summary.badNonces})`,
    `  driver CPU ms/issuance   ${summary.driverCpuPerIssuance.toFixed(2)}   (${(summary.driverLoad * 100).toFixed(0)} % of one core)`,
    '  ms                 p50     p95     p99',
    ...STEPS.map((step) => `  ${row(step, summary.steps[step])}`),
    `  ${row('whole', summary.whole)}`,
    ...(summary.stalls > 0
      ? [`  locked itself up ${summary.stalls} times; the figures are of the time before`]
      : []),
    ...summary.failures.map(([what, count]) => `  FAILED ${count} ×: ${what}`),
  ];
  return lines.join('\n');
}

function row(name: string, { p50, p95, p99 }: Percentiles): string {
  return [name.padEnd(14), ...[p50, p95, p99].map((value) => value.toFixed(1).padStart(8))].join('');
}

/** The median, with minimum and maximum. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  const median = ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
  return `${median.toFixed(2)} × (${sorted.at(0)?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)})`;
}

/**
 * Compares the first server's figures with each of the others', turn by turn: other load on the machine affects neighbouring
 * turns alike. The median of the turns, with minimum and maximum.
 */
export function ratios([first, ...others]: Summary[]): string {
  if (!first) return '';
  return others
    .map((other) => {
      const paired = (ours: number[], theirs: number[]) =>
        spread(ours.slice(0, theirs.length).map((value, turn) => value / (theirs[turn] ?? Number.NaN)));
      const times = (value: number) => `${value.toFixed(2)} ×`;
      return (
        `${first.name} against ${other.name} ${other.version}: throughput ${paired(first.rates, other.rates)}, ` +
        `CPU per issuance ${paired(first.cpus, other.cpus)}, ` +
        `p50 ${times(first.whole.p50 / other.whole.p50)}, p99 ${times(first.whole.p99 / other.whole.p99)}`
      );
    })
    .join('\n');
}
