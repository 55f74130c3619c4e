import type { Contender } from '../contenders.js';
import { STEPS, type Step } from '../driver/flow.js';
import type { Target } from '../servers/target.js';
import { type Percentiles, percentiles } from './percentiles.js';
import type { Turn } from './turn.js';

/** All turns of one server together. */
export interface Summary {
  name: string;
  version: string;
  state: Target['state'];
  /** How often the server locked up. */
  stalls: number;
  issued: number;
  /** ms of CPU of each of the first certificates after a start; null if that was not measured. */
  cold: number | null;
  issuancesPerSecond: number;
  /** Of each turn. */
  rates: number[];
  /** ms of CPU per issuance, for each turn. */
  cpus: number[];
  /** ms of CPU per issuance: in total, and by process. */
  cpuPerIssuance: number;
  cpuByProcess: Record<string, number>;
  /** ms of the driver's own CPU per issuance. */
  driverCpuPerIssuance: number;
  /** Fraction of one core. */
  driverLoad: number;
  requestsPerIssuance: number;
  badNonces: number;
  /** MiB. */
  peakRss: number;
  rssByProcess: Record<string, number>;
  /** ms. */
  whole: Percentiles;
  steps: Record<Step, Percentiles>;
  failures: [what: string, count: number][];
}

/** @throws Error if no certificate was issued, because then there are no figures */
export function summarize({ target, turns, stalls, cold }: Contender): Summary {
  if (!target) throw new Error('it never ran');
  const { name, version, state } = target;
  const issued = turns.flatMap(({ seen }) => seen.issued);
  if (issued.length === 0)
    throw new Error(`${name} issued nothing: ${[...failuresOf(turns).keys()].join('; ')}`);
  const seconds = sum(turns.map((turn) => turn.seconds));
  const driverCpu = sum(turns.map((turn) => turn.driverCpu));
  const processes = Object.keys(turns[0]?.serverCpu ?? {});
  const cpuByProcess = Object.fromEntries(
    processes.map((each) => [each, sum(turns.map((turn) => turn.serverCpu[each] ?? 0)) / issued.length]),
  );
  const rssByProcess = Object.fromEntries(
    processes.map((each) => [each, Math.max(...turns.map((turn) => turn.peakRss[each] ?? 0))]),
  );
  return {
    name,
    version,
    state,
    stalls,
    issued: issued.length,
    cold,
    issuancesPerSecond: issued.length / seconds,
    rates: turns.map((turn) => turn.seen.issued.length / turn.seconds),
    cpus: turns.map(({ seen, serverCpu }) => sum(Object.values(serverCpu)) / seen.issued.length),
    cpuPerIssuance: sum(Object.values(cpuByProcess)),
    cpuByProcess,
    driverCpuPerIssuance: driverCpu / issued.length,
    driverLoad: driverCpu / 1000 / seconds,
    requestsPerIssuance: sum(turns.map(({ seen }) => seen.requests)) / issued.length,
    badNonces: sum(turns.map(({ seen }) => seen.badNonces)),
    peakRss: sum(Object.values(rssByProcess)),
    rssByProcess,
    whole: percentiles(issued.map((times) => sum(Object.values(times)))),
    steps: Object.fromEntries(
      STEPS.map((step) => [step, percentiles(issued.map((times) => times[step]))]),
    ) as Record<Step, Percentiles>,
    failures: [...failuresOf(turns)],
  };
}

function failuresOf(turns: Turn[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { seen } of turns)
    for (const [what, count] of seen.failures) all.set(what, (all.get(what) ?? 0) + count);
  return all;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
