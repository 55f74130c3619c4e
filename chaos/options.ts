import { parseArgs } from 'node:util';
import { wholeNumber } from '../crash/whole-number.js';
import { FAULTS } from './fault.js';

export interface Options {
  short: boolean;
  only: readonly string[] | null;
  clients: number;
  seed: number;
}

export const USAGE = `npm run chaos -- [--short] [--only NAME,…] [--clients 8] [--seed N]

  --short     a part of it, for CI
  --only      only these:
${FAULTS.map(({ name, what }) => `                ${name.padEnd(18)}${what}`).join('\n')}
  --clients   ACME clients at once
  --seed      repeats the choices of an earlier run; each run prints its own
`;

/** Null when help was asked for. @throws TypeError, RangeError saying what is wrong */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      clients: { type: 'string', default: '8' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only?.split(',') ?? null;
  const unknown = only?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`--only: ${unknown.join(', ')} is unknown`);
  return {
    short: values.short,
    only,
    clients: wholeNumber('clients', values.clients, 1, 100),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1),
  };
}
