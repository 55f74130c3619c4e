import { Command } from 'commander';
import { WrongUsage } from '../../programs/exit.js';
import { readGiven } from '../given-file.js';
import { addExamples } from '../help.js';
import { type Common, operatorCommand } from './command.js';
import type { Door } from './door.js';
import { json, print, table } from './print.js';

interface Shown {
  settings: { name: string; value: string; kept: string | null }[];
  compromised_keys: string[];
}

/**
 * `upki rules`: changes rules for clients and validation for every RA on the database at once, without a restart.
 */
export function rulesCommand(): Command {
  const command = new Command('rules').description(
    'Show the rules, and change those stored in the database for every RA: lists of names, limits, resolvers, compromised keys.',
  );
  return addExamples(
    command
      .addCommand(listCommand())
      .addCommand(setCommand())
      .addCommand(unsetCommand())
      .addCommand(compromisedCommand()),
    [
      ['upki rules list', 'Every rule in effect.'],
      ['upki rules set UPKI_RA_ALLOW=plant.lan', 'Only names in plant.lan, at every RA.'],
    ],
  );
}

function listCommand(): Command {
  return operatorCommand<Common>(
    'list',
    'List all rules in effect at this RA, and mark those stored in the database for every RA.',
    [['upki rules list', 'Rules stored in the database are marked.']],
    async (door, options) => show((await door.ask('GET', '/private/rules')).data, options),
  );
}

function setCommand(): Command {
  return operatorCommand<Common>(
    'set <assignment>',
    'Store a rule in the database. It overrides the files and variables of every RA.',
    [
      [
        'upki rules set UPKI_RA_DENY=secret.plant.lan,10.66.0.0/16',
        'Takes effect here at once, and at other RAs within seconds.',
      ],
      ['upki rules set UPKI_RA_LIMIT_ORDERS=5000', 'Set a limit for every RA.'],
      ['upki rules set UPKI_VA_RESOLVERS=10.0.0.53', 'Set the DNS servers for validation.'],
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
    'Remove a rule from the database. Each RA uses its own setting again.',
    [['upki rules unset UPKI_RA_DENY', 'Return to the value in the files and variables of each RA.']],
    (door, options, name) => change(door, options, { settings: { [name]: null } }),
  );
}

function compromisedCommand(): Command {
  return operatorCommand<Common>(
    'compromised <file>',
    'Store a list of compromised keys in the database: each line has the SHA-256 of a SubjectPublicKeyInfo in hex. It replaces the stored list.',
    [
      [
        'upki rules compromised leaked.txt',
        'Applies in addition to UPKI_RA_COMPROMISED_KEYS_FILE of each RA.',
      ],
    ],
    async (door, options, file) => {
      const text = (await readGiven(null, file)).toString();
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
  return length === 0 ? rules : `${rules}\n${length} compromised keys are stored in the database.\n`;
}
