import { WrongUsage } from '../../programs/exit.js';
import { UpkiCommand } from '../command.js';
import { readGiven } from '../given-file.js';
import { operatorCommand } from './command.js';
import type { Door } from './door.js';
import { table } from './layout.js';

interface Shown {
  settings: { name: string; value: string; kept: string | null }[];
  compromised_keys: string[];
}

/**
 * `upki rules`: changes rules for clients and validation for every RA on the database at once, without a restart.
 */
export function rulesCommand(): UpkiCommand {
  return new UpkiCommand('rules')
    .description(
      'Show the rules, and change those stored in the database for every RA: lists of names, limits, resolvers, compromised keys.',
    )
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(unsetCommand())
    .addCommand(compromisedCommand())
    .examples([
      ['upki rules list', 'Every rule in effect.'],
      ['upki rules set UPKI_RA_ALLOW=plant.lan', 'Only names in plant.lan, at every RA.'],
    ]);
}

function listCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'list',
    description: 'List all rules in effect at this RA, and mark those stored in the database for every RA.',
    examples: [['upki rules list', 'Rules stored in the database are marked.']],
    ask: async (door) => (await door.ask('GET', '/private/rules')).data,
    text: screen,
  });
}

function setCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'set <assignment>',
    description: 'Store a rule in the database. It overrides the files and variables of every RA.',
    examples: [
      [
        'upki rules set UPKI_RA_DENY=secret.plant.lan,10.66.0.0/16',
        'Takes effect here at once, and at other RAs within seconds.',
      ],
      ['upki rules set UPKI_RA_LIMIT_ORDERS=5000', 'Set a limit for every RA.'],
      ['upki rules set UPKI_VA_RESOLVERS=10.0.0.53', 'Set the DNS servers for validation.'],
    ],
    ask: (door, _options, assignment) => {
      const [, name, value] = /^([A-Z0-9_]+)=([\s\S]+)$/.exec(assignment) ?? [];
      if (name === undefined || value === undefined)
        throw new WrongUsage('write the rule as NAME=VALUE, such as UPKI_RA_DENY=secret.plant.lan');
      return change(door, { settings: { [name]: value } });
    },
    text: screen,
  });
}

function unsetCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'unset <name>',
    description: 'Remove a rule from the database. Each RA uses its own setting again.',
    examples: [
      ['upki rules unset UPKI_RA_DENY', 'Return to the value in the files and variables of each RA.'],
    ],
    ask: (door, _options, name) => change(door, { settings: { [name]: null } }),
    text: screen,
  });
}

function compromisedCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'compromised <file>',
    description:
      'Store a list of compromised keys in the database: each line has the SHA-256 of a SubjectPublicKeyInfo in hex. It replaces the stored list.',
    examples: [
      [
        'upki rules compromised leaked.txt',
        'Applies in addition to UPKI_RA_COMPROMISED_KEYS_FILE of each RA.',
      ],
    ],
    ask: async (door, _options, file) => {
      const text = (await readGiven(null, file)).toString();
      const lines = text.split('\n').map((line) => line.trim());
      const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
      return change(door, { compromised_keys: keys });
    },
    text: screen,
  });
}

/** The rules after a change. */
async function change(door: Door, body: object): Promise<Shown> {
  return (await door.ask('POST', '/private/rules', body)).data;
}

function screen({ settings, compromised_keys: { length } }: Shown): string {
  const rules = table(settings, [
    ['RULE', ({ name }) => name],
    ['VALUE', ({ value }) => value],
    ['KEPT IN', ({ kept }) => (kept === null ? '' : 'the database')],
  ]);
  return length === 0 ? rules : `${rules}\n${length} compromised keys are stored in the database.\n`;
}
