import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { CannotStart, WrongUsage } from '../../programs/exit.js';
import { type Common, operatorCommand } from './command.js';
import type { Door } from './door.js';
import { json, print, table } from './print.js';

interface Shown {
  settings: { name: string; value: string; kept: string | null }[];
  compromised_keys: string[];
}

/**
 * `upki rules`: rules for clients and validation, changed for every RA of the database at once, without a
 * restart.
 */
export function rulesCommand(): Command {
  const command = new Command('rules').description(
    'Show the rules, and change those that the database keeps for every RA: lists of names, limits, resolvers, compromised keys.',
  );
  return command
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(unsetCommand())
    .addCommand(compromisedCommand());
}

function listCommand(): Command {
  return operatorCommand<Common>(
    'list',
    'List every rule in effect at this RA, and which of them the database keeps for every RA.',
    [['upki rules list', 'Those kept in the database are marked.']],
    async (door, options) => show((await door.ask('GET', '/private/rules')).data, options),
  );
}

function setCommand(): Command {
  return operatorCommand<Common>(
    'set <assignment>',
    'Keep a rule in the database: it stands above what each RA has in its own files and variables.',
    [
      [
        'upki rules set UPKI_RA_DENY=secret.plant.lan,10.66.0.0/16',
        'Counts here at once, elsewhere in seconds.',
      ],
      ['upki rules set UPKI_RA_LIMIT_ORDERS=5000', 'A limit for every RA.'],
      ['upki rules set UPKI_VA_RESOLVERS=10.0.0.53', 'Whom validation asks.'],
    ],
    async (door, options, assignment) => {
      const [, name, value] = /^([A-Z0-9_]+)=([\s\S]+)$/.exec(assignment) ?? [];
      if (name === undefined || value === undefined)
        throw new WrongUsage('write the rule as NAME=VALUE, such as UPKI_RA_DENY=secret.plant.lan');
      await change(door, options, { settings: { [name]: value } });
    },
  );
}

function unsetCommand(): Command {
  return operatorCommand<Common>(
    'unset <name>',
    'Keep a rule in the database no more: each RA has its own again.',
    [['upki rules unset UPKI_RA_DENY', 'As its files and variables say.']],
    (door, options, name) => change(door, options, { settings: { [name]: null } }),
  );
}

function compromisedCommand(): Command {
  return operatorCommand<Common>(
    'compromised <file>',
    'Keep a list of compromised keys in the database: one SHA-256 of a SubjectPublicKeyInfo a line, in hex. It takes the place of the one kept before.',
    [['upki rules compromised leaked.txt', 'Beside UPKI_RA_COMPROMISED_KEYS_FILE of each RA.']],
    async (door, options, file) => {
      const text = await readFile(file, 'utf8').catch((error: Error) => {
        throw new CannotStart(`${file} cannot be read: ${error.message}`);
      });
      const lines = text.split('\n').map((line) => line.trim());
      const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
      await change(door, options, { compromised_keys: keys });
    },
  );
}

async function change(door: Door, options: Common, body: object): Promise<void> {
  show((await door.ask('POST', '/private/rules', body)).data, options);
}

function show(shown: Shown, { json: asJson }: Common): void {
  print(asJson ? json(shown) : screen(shown));
}

function screen({ settings, compromised_keys: { length } }: Shown): string {
  const rules = table(settings, [
    ['RULE', ({ name }) => name],
    ['VALUE', ({ value }) => value],
    ['KEPT IN', ({ kept }) => (kept === null ? '' : 'the database')],
  ]);
  return length === 0 ? rules : `${rules}\n${length} compromised keys are kept in the database.\n`;
}
