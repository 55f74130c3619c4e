import { Command, Option } from 'commander';
import { addExamples } from '../help.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import { facts, json, minute, print, table } from './print.js';

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
export function accountCommand(): Command {
  return addExamples(
    new Command('account')
      .description('List, show and deactivate ACME accounts.')
      .addCommand(list())
      .addCommand(show())
      .addCommand(stop()),
    [['upki account list', 'Every account, with its orders.']],
  );
}

/** The id of an account, which may be given by its URL. */
const idOf = (text: string): string => text.split('/').at(-1) ?? text;

interface ListOptions extends Common {
  status?: string;
  contact?: string;
  node?: string;
  keyId?: string;
  limit: string;
}

function list(): Command {
  return operatorCommand<ListOptions>(
    'list',
    'List accounts, newest first.',
    [['upki account list --contact alice', 'Accounts with alice in their contact.']],
    async (door, { status, contact, node, keyId, limit, json: asJson }) => {
      const conditions = { status, contact, node, key_id: keyId };
      const found: Row[] = await pages(door, '/private/accounts', conditions, 'accounts', Number(limit));
      if (asJson) return print(json(found));
      print(
        table(found, [
          ['ACCOUNT', ({ id }) => id],
          ['STATUS', (row) => row.status],
          ['CONTACT', (row) => row.contact.join(',')],
          ['NODE', (row) => row.node],
          ['LAST USE', (row) => minute(row.used_at)],
          ['FROM', (row) => row.used_from],
        ]),
      );
    },
    (command) =>
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
        .addOption(new Option('--limit <number>', 'Maximum number of accounts.').default('1000')),
  );
}

function show(): Command {
  return operatorCommand<Common>(
    'show <account>',
    'Show an account with its latest orders and failures.',
    [['upki account show 019f…', 'By id or URL.']],
    async (door, options, account) => {
      const { data } = await door.ask('GET', `/private/accounts/${encodeURIComponent(idOf(account))}`);
      if (options.json) return print(json(data));
      print(
        facts([
          ['Account', data.id],
          ['Status', data.status],
          ['Contact', data.contact.join(', ')],
          ['Created', minute(data.created_at)],
          ['Last use', data.used_at && `${minute(data.used_at)} from ${data.used_from}`],
          ['Node', data.node],
          ['Key id', data.key_id],
          ['Orders', data.orders],
        ]),
      );
      for (const each of data.failures)
        print(`${minute(each.at)}  ${each.name}  ${each.step}: ${each.why}\n`);
    },
  );
}

interface StopOptions extends Common {
  revokeCertificates?: boolean;
  reason?: string;
  comment?: string;
}

function stop(): Command {
  return operatorCommand<StopOptions>(
    'stop <account>',
    'Deactivate an account: its next request is refused.',
    [
      [
        'upki account stop 019f… --revoke-certificates --comment "left the company"',
        'Also revoke its certificates.',
      ],
    ],
    async (door, options, account) => {
      const also = options.revokeCertificates ? ' and revoke its certificates' : '';
      if (!(await confirmed(`Stop account ${idOf(account)}${also}?`, options))) return;
      const { data } = await door.ask('POST', `/private/accounts/${encodeURIComponent(idOf(account))}/stop`, {
        revoke_certificates: options.revokeCertificates ?? false,
        ...(options.reason !== undefined && { reason: options.reason }),
        ...(options.comment !== undefined && { comment: options.comment }),
      });
      print(
        options.json
          ? json(data)
          : `${data.id} is ${data.status}; ${data.revoked.length} certificates revoked\n`,
      );
    },
    (command) =>
      command
        .option('--revoke-certificates', 'Also revoke every certificate it ordered.')
        .option('--reason <reason>', 'Reason of these revocations (RFC 5280).')
        .option('--comment <text>', 'Comment for the audit log.')
        .option('--yes', 'Do not ask for confirmation.'),
  );
}
