import { FAULTS, type Finding } from './findings.js';
import type { Ledger } from './ledger.js';
import type { Round } from './round.js';
import type { RoundReport } from './run.js';

const VICTIMS = { ra: 'RA', ca: 'CA', both: 'RA and CA', supervisor: 'supervisor', all: 'everything' };

export const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** One round as a line. */
export function roundLine(
  number: number,
  of: number,
  { victim, after, again }: Round,
  report: RoundReport,
): string {
  const kills = [
    `${VICTIMS[victim]} killed after ${seconds(after)}`,
    ...(again ? [`${VICTIMS[again.victim]} again ${again.after} ms later`] : []),
  ];
  const { outage, orders, interrupted, settling, checking, took } = report;
  return (
    `round ${number}/${of}: ${kills.join(', ')}; back after ${seconds(outage)}; ` +
    `${orders} orders; ${interrupted} to finish, ${seconds(settling)}; checked in ${seconds(checking)}; ${seconds(took)}`
  );
}

export function listing({ fault, what }: Finding): string {
  return `${fault.toUpperCase()}: ${what}`;
}

/** The last line: what was done, checked and found. */
export function tally(done: string, ledger: Ledger): string {
  const { accounts, orders, certificates, revocations, findings } = ledger;
  const found = FAULTS.map(
    (fault) => `${findings.filter((finding) => finding.fault === fault).length} ${fault}`,
  );
  return (
    `${done}: ${accounts.length} accounts, ${orders.length} orders, ${certificates.length} certificates, ` +
    `${revocations.length} revocations checked; ${found.join(', ')}`
  );
}
