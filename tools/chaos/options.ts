import { parseArgs } from 'node:util';
import { wholeNumber } from '../kit/command-line.js';
import { FAULTS, LONE_FAULTS } from './fault.js';

/** All parts, in the order they run. */
const PARTS: readonly { name: string; what: string; short?: boolean }[] = [
  { name: 'replicas', what: 'nonces, finalize, key change and deactivation among RAs', short: true },
  { name: 'takeover', what: 'kill -9 the RA that validates a challenge' },
  ...FAULTS,
  ...LONE_FAULTS,
  { name: 'disk', what: 'fill the disk under SQLite, and free it again; needs root', short: true },
  { name: 'clients', what: 'certbot and lego through the balancer' },
  { name: 'driver', what: "the benchmark's load driver through the balancer" },
];

export interface Options {
  short: boolean;
  /** Names of the parts to run. */
  parts: ReadonlySet<string>;
  clients: number;
  seed: number;
}

export const USAGE = `npm run tool chaos -- [--short] [--only NAME,…] [--clients N] [--seed N]

  --short     only the parts marked *, for CI
  --only      only these parts:
${PARTS.map(({ name, what, short }) => `                ${name.padEnd(17)}${short ? '*' : ' '} ${what}`).join('\n')}
  --clients   concurrent ACME clients; 8, or 4 in the short run
  --seed      repeats the choices of an earlier run; each run prints its own
`;

/** Null if help was requested. @throws TypeError, RangeError with the reason */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      clients: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !PARTS.some((part) => part.name === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`--only: ${unknown.join(', ')} is unknown`);
  const chosen = PARTS.filter(({ name, short }) => (only ? only.includes(name) : short || !values.short));
  return {
    short: values.short,
    parts: new Set(chosen.map(({ name }) => name)),
    clients: wholeNumber('clients', values.clients ?? (values.short ? '4' : '8'), 1, 100),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1),
  };
}
