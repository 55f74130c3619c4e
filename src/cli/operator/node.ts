import { WrongUsage } from '../../programs/exit.js';
import { UpkiCommand } from '../command.js';
import { dnsRecordCommand } from '../node-dns-record.js';
import { iso } from '../print.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import { facts, minute, table } from './layout.js';

interface Row {
  cn: string;
  names: string[];
  profile: string;
  state: string;
  challenges_waived: boolean;
  key_id?: string;
}

type Bound = Pick<Row, 'cn' | 'names' | 'profile' | 'key_id'> & { hmac_key?: string };

/** `upki node …`: manages registered machines and their names. */
export function nodeCommand(): UpkiCommand {
  return new UpkiCommand('node')
    .description('Register nodes with the names they may have; list, show, change and remove them.')
    .addCommand(add())
    .addCommand(list())
    .addCommand(show())
    .addCommand(change())
    .addCommand(remove())
    .addCommand(dnsRecordCommand())
    .examples([
      ['upki node add press-17 --names press-17.plant.lan', 'Register a node; prints what its client needs.'],
      ['upki node list', 'Every node, with its names.'],
    ]);
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

/** A hundred years: longer than any profile, and within the dates that JSON can hold. */
const LONGEST = 36_500 * 86_400_000;

/** The rules in the options, as the body of a request. @throws WrongUsage */
function rulesIn({ names, profile, waiveChallenges, once, expires, comment }: RuleOptions) {
  return {
    names: names?.split(',').map((each) => each.trim()),
    ...{ profile, waive_challenges: waiveChallenges, once, comment },
    expires_at: expires === undefined ? undefined : iso(Date.now() + lifetimeIn(expires)),
  };
}

/** Milliseconds. @throws WrongUsage */
function lifetimeIn(expires: string): number {
  const [, amount, unit = ''] = /^(\d+)([hdw])$/.exec(expires) ?? [];
  const lifetime = Number(amount) * (UNITS[unit] ?? 0);
  if (lifetime > 0 && lifetime <= LONGEST) return lifetime;
  throw new WrongUsage(`--expires is "${expires}": give a number and h, d or w, such as 30d; at most 36500d`);
}

const withRules = (command: UpkiCommand) =>
  command
    .option('--names <list>', 'What it may order, separated by commas: names, *.domain, addresses, networks.')
    .option('--profile <name>', 'Profile of its certificates.')
    .option('--waive-challenges', 'Accounts bound to it need no challenge; only with explicit names.')
    .option('--once', 'Its key can bind only one account.')
    .option('--expires <time>', 'Validity of seed and key, such as 12h, 30d or 2w.')
    .option('--comment <text>', 'Comment for the audit log.');

function add(): UpkiCommand {
  return operatorCommand({
    usage: 'add <node>',
    description: 'Register a node and print, once, the secrets for its enrolment.',
    examples: [
      [
        "upki node add press-17 --names 'press-17.plant.lan,*.press.plant.lan,10.0.4.0/24' --profile webapp",
        'Register a machine with its names, addresses and profile.',
      ],
      ['upki node add press-17 --names press-17.plant.lan --replace --revoke', 'Replace a lost machine.'],
    ],
    options: (command) =>
      withRules(command)
        .option('--replace', 'Register an existing node again; its old seed and key become invalid.')
        .option('--revoke', 'With --replace: revoke its earlier certificates.'),
    ask: async (door, options: RuleOptions & { replace?: boolean; revoke?: boolean }, cn) => {
      const { replace = false, revoke = false } = options;
      const { names = [], ...rules } = rulesIn(options);
      const wanted = { cn, names, ...rules, replace, revoke };
      return (await door.ask('POST', '/private/nodes', wanted)).data;
    },
    text: (data) =>
      `${bound(data, [['Seed until', minute(data.seed_expires_at)]])}\nThese are shown now and never again. To enrol it with its seed, in its shell:\n\n  ${data.command}\n\nWith an ACME client:\n\n${lines(data.clients)}${
        data.still_good > 0
          ? `\nThe machine registered before still has ${data.still_good} good certificates: upki node add ${data.cn} … --replace --revoke revokes them.\n`
          : ''
      }`,
  });
}

/** A node with the key that binds accounts to it; the HMAC key only when it is new. */
const bound = (data: Bound, more: readonly [string, string][] = []): string =>
  facts([
    ['Node', data.cn],
    ['May have', data.names.join(', ')],
    ['Profile', data.profile],
    ['Key id', data.key_id],
    ['HMAC key', data.hmac_key],
    ...more,
  ]);

const lines = (clients: Record<string, string>): string =>
  Object.entries(clients)
    .map(([client, text]) => `# ${client}\n${text}\n`)
    .join('\n');

function list(): UpkiCommand {
  return operatorCommand({
    usage: 'list',
    description: 'List the nodes.',
    examples: [['upki node list', 'List all nodes.']],
    ask: (door): Promise<Row[]> => pages(door, 'nodes', {}, 100_000),
    text: (found) =>
      table(found, [
        ['NODE', ({ cn }) => cn],
        ['MAY HAVE', ({ names }) => names.join(',')],
        ['PROFILE', ({ profile }) => profile],
        ['STATE', ({ state }) => state],
        ['CHALLENGES', (row) => (row.challenges_waived ? 'waived' : 'wanted')],
      ]),
  });
}

const pathOf = (cn: string): string => `/private/nodes/${encodeURIComponent(cn)}`;

function show(): UpkiCommand {
  return operatorCommand({
    usage: 'show <node>',
    description: 'Show a node with its accounts and certificates.',
    examples: [['upki node show press-17', 'Show its rights, accounts and certificates.']],
    ask: async (door, _options, cn) => (await door.ask('GET', pathOf(cn))).data,
    text: (data) =>
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
  });
}

function change(): UpkiCommand {
  return operatorCommand({
    usage: 'change <node>',
    description: 'Change what a node may order, effective from its next order.',
    examples: [['upki node change press-17 --names press-17.plant.lan', 'Allow only this name.']],
    options: (command) =>
      withRules(command).option('--new-key', 'Make a new key; the old one binds no further accounts.'),
    ask: async (door, options: RuleOptions & { newKey?: boolean }, cn) => {
      const wanted = { ...rulesIn(options), new_key: options.newKey };
      return (await door.ask('POST', `${pathOf(cn)}/change`, wanted)).data;
    },
    text: (data) => `${bound(data)}${data.clients ? `\n${lines(data.clients)}` : ''}`,
  });
}

function remove(): UpkiCommand {
  return operatorCommand({
    usage: 'remove <node>',
    description: 'Remove a node: its seed, key, accounts and certificates become invalid.',
    examples: [['upki node remove press-17', 'Remove the node and revoke its certificates.']],
    options: (command) => command.option('--yes', 'Do not ask for confirmation.'),
    ask: async (door, options: Common, cn) => {
      if (!(await confirmed(`Remove node ${cn}, its accounts and its certificates?`, options))) return null;
      return (await door.ask('DELETE', pathOf(cn))).data;
    },
    text: ({ cn, revoked }) => `${cn} is removed; ${revoked.length} certificates revoked\n`,
  });
}
