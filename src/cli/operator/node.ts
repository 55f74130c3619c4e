import { Command } from 'commander';
import { addExamples } from '../help.js';
import { dnsRecordCommand } from '../node-dns-record.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import { facts, json, minute, print, table } from './print.js';

interface Row {
  cn: string;
  names: string[];
  profile: string;
  state: string;
  challenges_waived: boolean;
  key_id?: string;
}

/** `upki node …`: manages registered machines and their names. */
export function nodeCommand(): Command {
  return addExamples(
    new Command('node')
      .description('Register nodes with the names they may have; list, show, change and remove them.')
      .addCommand(add())
      .addCommand(list())
      .addCommand(show())
      .addCommand(change())
      .addCommand(remove())
      .addCommand(dnsRecordCommand()),
    [
      ['upki node add press-17 --names press-17.plant.lan', 'Register a node; prints what its client needs.'],
      ['upki node list', 'Every node, with its names.'],
    ],
  );
}

interface RuleOptions extends Common {
  names?: string;
  profile?: string;
  waiveChallenges?: boolean;
  once?: boolean;
  expires?: string;
  comment?: string;
}

const UNITS: Record<string, number> = { h: 3600_000, d: 86_400_000, w: 7 * 86_400_000 };

function body(command: Command, options: RuleOptions): object {
  const { names, profile, waiveChallenges, once, expires, comment } = options;
  const [, amount, unit = ''] = /^(\d+)([hdw])$/.exec(expires ?? '') ?? [];
  if (expires !== undefined && amount === undefined) {
    command.error(`error: --expires ${expires}: give a number and h, d or w, such as 30d`);
  }
  const lifetime = Number(amount) * (UNITS[unit] ?? 0);
  return {
    ...(names !== undefined && { names: names.split(',').map((each) => each.trim()) }),
    ...(profile !== undefined && { profile }),
    ...(waiveChallenges && { waive_challenges: true }),
    ...(once && { once: true }),
    ...(expires !== undefined && { expires_at: new Date(Date.now() + lifetime).toISOString() }),
    ...(comment !== undefined && { comment }),
  };
}

const withRules = (command: Command) =>
  command
    .option('--names <list>', 'What it may order, separated by commas: names, *.domain, addresses, networks.')
    .option('--profile <name>', 'Profile of its certificates.')
    .option('--waive-challenges', 'Accounts bound to it need no challenge; only with explicit names.')
    .option('--once', 'Its key can bind only one account.')
    .option('--expires <time>', 'Validity of seed and key, such as 12h, 30d or 2w.')
    .option('--comment <text>', 'Comment for the audit log.');

function add(): Command {
  const command = operatorCommand<RuleOptions & { replace?: boolean; revoke?: boolean }>(
    'add <node>',
    'Register a node and print, once, the secrets for its enrolment.',
    [
      [
        "upki node add press-17 --names 'press-17.plant.lan,*.press.plant.lan,10.0.4.0/24' --profile webapp",
        'Register a machine with its names, addresses and profile.',
      ],
      ['upki node add press-17 --names press-17.plant.lan --replace --revoke', 'Replace a lost machine.'],
    ],
    async (door, options, cn) => {
      const { replace = false, revoke = false } = options;
      const wanted = { cn, names: [], ...body(command, options), replace, revoke };
      const { data } = await door.ask('POST', '/private/nodes', wanted);
      if (options.json) return print(json(data));
      print(
        `${facts([
          ['Node', data.cn],
          ['May have', data.names.join(', ')],
          ['Profile', data.profile],
          ['Key id', data.key_id],
          ['HMAC key', data.hmac_key],
          ['Seed until', minute(data.seed_expires_at)],
        ])}\nThese are shown now and never again. To enrol it with its seed, in its shell:\n\n  ${data.command}\n\nWith an ACME client:\n\n${lines(data.clients)}`,
      );
      if (data.still_good > 0) {
        print(
          `\nThe machine registered before still has ${data.still_good} good certificates: upki node add ${data.cn} … --replace --revoke revokes them.\n`,
        );
      }
    },
    (made) =>
      withRules(made)
        .option('--replace', 'Register an existing node again; its old seed and key become invalid.')
        .option('--revoke', 'With --replace: revoke its earlier certificates.'),
  );
  return command;
}

const lines = (clients: Record<string, string>): string =>
  Object.entries(clients)
    .map(([client, text]) => `# ${client}\n${text}\n`)
    .join('\n');

function list(): Command {
  return operatorCommand<Common>(
    'list',
    'List the nodes.',
    [['upki node list', 'List all nodes.']],
    async (door, options) => {
      const found: Row[] = await pages(door, '/private/nodes', {}, 'nodes', 100_000);
      if (options.json) return print(json(found));
      print(
        table(found, [
          ['NODE', ({ cn }) => cn],
          ['MAY HAVE', ({ names }) => names.join(',')],
          ['PROFILE', ({ profile }) => profile],
          ['STATE', ({ state }) => state],
          ['CHALLENGES', (row) => (row.challenges_waived ? 'waived' : 'wanted')],
        ]),
      );
    },
  );
}

function show(): Command {
  return operatorCommand<Common>(
    'show <node>',
    'Show a node with its accounts and certificates.',
    [['upki node show press-17', 'Show its rights, accounts and certificates.']],
    async (door, options, cn) => {
      const { data } = await door.ask('GET', `/private/nodes/${encodeURIComponent(cn)}`);
      if (options.json) return print(json(data));
      print(
        facts([
          ['Node', data.cn],
          ['May have', data.names.join(', ')],
          ['Profile', data.profile],
          ['State', data.state],
          ['Registered', `${minute(data.registered_at)} by ${data.registered_by}`],
          ['Key id', data.key_id],
          ['Key used', minute(data.key_used_at)],
          ['Key until', minute(data.key_expires_at)],
          ...data.accounts.map((each: { id: string; status: string }): [string, string] => [
            'Account',
            `${each.id} ${each.status}`,
          ]),
          ...data.certificates.map((serial: string): [string, string] => ['Certificate', serial]),
        ]),
      );
    },
  );
}

function change(): Command {
  const command = operatorCommand<RuleOptions & { newKey?: boolean; challenges?: boolean }>(
    'change <node>',
    'Change what a node may order, effective from its next order.',
    [['upki node change press-17 --names press-17.plant.lan', 'Allow only this name.']],
    async (door, options, cn) => {
      const wanted = {
        ...body(command, options),
        ...(options.newKey && { new_key: true }),
      };
      const { data } = await door.ask('POST', `/private/nodes/${encodeURIComponent(cn)}/change`, wanted);
      if (options.json) return print(json(data));
      print(
        facts([
          ['Node', data.cn],
          ['May have', data.names.join(', ')],
          ['Profile', data.profile],
          ['Key id', data.key_id],
          ['HMAC key', data.hmac_key],
        ]),
      );
      if (data.clients) print(`\n${lines(data.clients)}`);
    },
    (made) => withRules(made).option('--new-key', 'Make a new key; the old one binds no further accounts.'),
  );
  return command;
}

function remove(): Command {
  return operatorCommand<Common>(
    'remove <node>',
    'Remove a node: its seed, key, accounts and certificates become invalid.',
    [['upki node remove press-17', 'Remove the node and revoke its certificates.']],
    async (door, options, cn) => {
      if (!(await confirmed(`Remove node ${cn}, its accounts and its certificates?`, options))) return;
      const { data } = await door.ask('DELETE', `/private/nodes/${encodeURIComponent(cn)}`);
      print(
        options.json ? json(data) : `${data.cn} is removed; ${data.revoked.length} certificates revoked\n`,
      );
    },
    (command) => command.option('--yes', 'Do not ask for confirmation.'),
  );
}
