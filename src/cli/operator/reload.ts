import type { Command } from 'commander';
import { type Common, operatorCommand } from './command.js';
import { json, print } from './print.js';

/** `upki reload`: reloads as SIGHUP does, and reports the outcome. */
export function reloadCommand(): Command {
  return operatorCommand<Common>(
    'reload',
    'Have every RA of the database read its rules anew: lists of names, limits, resolvers, external accounts, compromised keys, terms; a wrong file keeps the old rules.',
    [['upki reload', 'After a change of a file.']],
    async (door, options) => {
      const { data } = await door.ask('POST', '/private/reload');
      print(options.json ? json(data) : 'The RA has taken up its rules.\n');
    },
  );
}
