import { Option } from 'commander';
import { UpkiCommand } from '../command.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import { facts, minute, table } from './layout.js';

interface Row {
  id: string;
  status: string;
  contact: string[];
  node?: string;
  key_id?: string;
  used_at?: string;
  used_from?: string;
  created_at: string;
}

/** `upki account …`: ACME accounts. */
export function accountCommand(): UpkiCommand {
  return new UpkiCommand('account')
    .description('List, show and deactivate ACME accounts.')
    .addCommand(list())
    .addCommand(show())
    .addCommand(stop())
    .examples([['upki account list', 'Every account, with its orders.']]);
}

/** The path of an account, which may be given by its id or its URL. */
const pathOf = (account: string): string => `/private/accounts/${encodeURIComponent(idOf(account))}`;

const idOf = (account: string): string => account.split('/').at(-1) ?? account;

interface ListOptions extends Common {
  status?: string;
  contact?: string;
  node?: string;
  keyId?: string;
  limit: string;
}

function list(): UpkiCommand {
  return operatorCommand({
    usage: 'list',
    description: 'List accounts, newest first.',
    examples: [['upki account list --contact alice', 'Accounts with alice in their contact.']],
    options: (command) =>
      command
        .addOption(
          new Option('--status <status>', 'Only accounts with this status.').choices([
            'valid',
            'deactivated',
            'revoked',
          ]),
        )
        .option('--contact <text>', 'Only accounts whose contact contains this text.')
        .option('--node <name>', 'Only accounts bound to this node.')
        .option('--key-id <id>', 'Only accounts bound by this key id.')
        .option('--limit <number>', 'Maximum number of accounts.', '1000'),
    ask: (door, { status, contact, node, keyId, limit }: ListOptions): Promise<Row[]> =>
      pages(door, 'accounts', { status, contact, node, key_id: keyId }, Number(limit)),
    text: (found) =>
      table(found, [
        ['ACCOUNT', ({ id }) => id],
        ['STATUS', (row) => row.status],
        ['CONTACT', (row) => row.contact.join(',')],
        ['NODE', (row) => row.node],
        ['LAST USE', (row) => minute(row.used_at)],
        ['FROM', (row) => row.used_from],
      ]),
  });
}

function show(): UpkiCommand {
  return operatorCommand({
    usage: 'show <account>',
    description: 'Show an account with its latest orders and failures.',
    examples: [['upki account show 019f…', 'By id or URL.']],
    ask: async (door, _options: Common, account) => (await door.ask('GET', pathOf(account))).data,
    text: (data) =>
      facts([
        ['Account', data.id],
        ['Status', data.status],
        ['Contact', data.contact.join(', ')],
        ['Created', minute(data.created_at)],
        ['Last use', data.used_at && `${minute(data.used_at)} from ${data.used_from}`],
        ['Node', data.node],
        ['Key id', data.key_id],
        ['Orders', data.orders],
      ]) + data.failures.map(failureLine).join(''),
  });
}

const failureLine = ({ at, name, step, why }: Record<'at' | 'name' | 'step' | 'why', string>): string =>
  `${minute(at)}  ${name}  ${step}: ${why}\n`;

interface StopOptions extends Common {
  revokeCertificates?: boolean;
  reason?: string;
  comment?: string;
}

function stop(): UpkiCommand {
  return operatorCommand({
    usage: 'stop <account>',
    description: 'Deactivate an account: its next request is refused.',
    examples: [
      [
        'upki account stop 019f… --revoke-certificates --comment "left the company"',
        'Also revoke its certificates.',
      ],
    ],
    options: (command) =>
      command
        .option('--revoke-certificates', 'Also revoke every certificate it ordered.')
        .option('--reason <reason>', 'Reason of these revocations (RFC 5280).')
        .option('--comment <text>', 'Comment for the audit log.')
        .option('--yes', 'Do not ask for confirmation.'),
    ask: async (door, options: StopOptions, account) => {
      const { revokeCertificates = false, reason, comment } = options;
      const also = revokeCertificates ? ' and revoke its certificates' : '';
      if (!(await confirmed(`Stop account ${idOf(account)}${also}?`, options))) return null;
      const body = { revoke_certificates: revokeCertificates, reason, comment };
      return (await door.ask('POST', `${pathOf(account)}/stop`, body)).data;
    },
    text: ({ id, status, revoked }) => `${id} is ${status}; ${revoked.length} certificates revoked\n`,
  });
}
