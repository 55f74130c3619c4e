import type { Command } from 'commander';
import { type Common, operatorCommand } from './command.js';
import { json, print } from './print.js';

/** `upki reload`: reloads the rules, as SIGHUP does, and reports the result. */
export function reloadCommand(): Command {
  return operatorCommand<Common>(
    'reload',
    'Reload the rules of every RA on the database: lists of names, limits, resolvers, external accounts, compromised keys, terms. If a file is wrong, the old rules stay in effect.',
    [['upki reload', 'After a file was changed.']],
    async (door, options) => {
      const { data } = await door.ask('POST', '/private/reload');
      print(options.json ? json(data) : 'The RA has reloaded its rules.\n');
    },
  );
}
