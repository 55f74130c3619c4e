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

/** `upki failures`: lists failed requests of clients with their reasons. */
export function failuresCommand(): Command {
  return operatorCommand<Common & { account?: string; limit: string }>(
    'failures [name]',
    'List the last failures of each name with their reasons, newest first.',
    [
      ['upki failures', 'Failures of all names.'],
      ['upki failures press-17.plant.lan', 'Failures of one name.'],
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
        .option('--account <id>', 'Only failures of this account.')
        .addOption(new Option('--limit <number>', 'Maximum number of failures.').default('50')),
  );
}
