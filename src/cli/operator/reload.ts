import type { UpkiCommand } from '../command.js';
import { operatorCommand } from './command.js';

/** `upki reload`: reloads the rules, as SIGHUP does, and reports the result. */
export function reloadCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'reload',
    description:
      'Reload the rules of every RA on the database: lists of names, limits, resolvers, external accounts, compromised keys, terms. If a file is wrong, the old rules stay in effect.',
    examples: [['upki reload', 'After a file was changed.']],
    ask: async (door) => (await door.ask('POST', '/private/reload')).data,
    text: () => 'The RA has reloaded its rules.\n',
  });
}
