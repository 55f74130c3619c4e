import { type Command, Option } from 'commander';
import { type Common, operatorCommand, pages } from './command.js';
import { json, minute, print, table } from './print.js';

interface Row {
  at: string;
  name: string;
  step: string;
  account?: string;
  why: string;
}

/** `upki failures`: failed requests of clients, and why. */
export function failuresCommand(): Command {
  return operatorCommand<Common & { account?: string; limit: string }>(
    'failures [name]',
    'List the last failures of each name, newest first, with the sentence why.',
    [
      ['upki failures', 'Of all names.'],
      ['upki failures press-17.plant.lan', 'Of one.'],
    ],
    async (door, { account, limit, json: asJson }, name) => {
      const conditions = { name: name || undefined, account };
      const found: Row[] = await pages(door, '/private/failures', conditions, 'failures', Number(limit));
      if (asJson) return print(json(found));
      print(
        table(found, [
          ['WHEN', ({ at }) => minute(at)],
          ['NAME', (row) => row.name],
          ['STEP', (row) => row.step],
          ['WHY', (row) => row.why],
        ]),
      );
    },
    (command) =>
      command
        .option('--account <id>', 'Of this account.')
        .addOption(new Option('--limit <number>', 'At most so many.').default('50')),
  );
}
