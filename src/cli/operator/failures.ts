import type { UpkiCommand } from '../command.js';
import { type Common, operatorCommand, pages } from './command.js';
import { minute, table } from './layout.js';

interface Row {
  at: string;
  name: string;
  step: string;
  account?: string;
  why: string;
}

/** `upki failures`: lists failed requests of clients with their reasons. */
export function failuresCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'failures [name]',
    description: 'List the last failures of each name with their reasons, newest first.',
    examples: [
      ['upki failures', 'Failures of all names.'],
      ['upki failures press-17.plant.lan', 'Failures of one name.'],
    ],
    options: (command) =>
      command
        .option('--account <id>', 'Only failures of this account.')
        .option('--limit <number>', 'Maximum number of failures.', '50'),
    ask: (door, { account, limit }: Common & { account?: string; limit: string }, name): Promise<Row[]> =>
      pages(door, 'failures', { name: name || undefined, account }, Number(limit)),
    text: (found) =>
      table(found, [
        ['WHEN', ({ at }) => minute(at)],
        ['NAME', (row) => row.name],
        ['STEP', (row) => row.step],
        ['WHY', (row) => row.why],
      ]),
  });
}
