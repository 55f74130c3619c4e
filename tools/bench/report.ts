import { cpus, loadavg, release } from 'node:os';
import { STEPS } from './driver/flow.js';
import type { Percentiles } from './measure/percentiles.js';
import type { Summary } from './measure/summary.js';

/** Where and when figures were taken, for whoever compares them. */
export function machine(): string {
  const [cpu] = cpus();
  const load = loadavg().map((each) => each.toFixed(1));
  return (
    `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ` +
    `Linux ${release()}, Node ${process.version}, load average before ${load.join(' ')}`
  );
}

/** One server's figures, for people. */
export function report(summary: Summary, floor: number): string {
  const byProcess = (values: Record<string, number>, digits: number) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
      .join(' + ');
  const lines = [
    `${summary.name} ${summary.version} (${summary.state})`,
    `  issuances/s              ${summary.issuancesPerSecond.toFixed(0)}   (turns: ${summary.rates.map((rate) => rate.toFixed(0)).join(', ')})`,
    `  server CPU ms/issuance   ${summary.cpuPerIssuance.toFixed(2)}   (${byProcess(summary.cpuByProcess, 2)}; crypto floor ${floor.toFixed(2)})`,
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

/** The first server's figures against each of the others'. */
export function ratios([first, ...others]: Summary[]): string {
  if (!first) return '';
  return others
    .map((other) => {
      const times = (value: number) => `${value.toFixed(2)} ×`;
      return (
        `${first.name} against ${other.name}: throughput ${times(first.issuancesPerSecond / other.issuancesPerSecond)}, ` +
        `CPU per issuance ${times(first.cpuPerIssuance / other.cpuPerIssuance)}, ` +
        `p50 ${times(first.whole.p50 / other.whole.p50)}, p99 ${times(first.whole.p99 / other.whole.p99)}`
      );
    })
    .join('\n');
}
