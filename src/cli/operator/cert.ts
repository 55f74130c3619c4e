import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { parseSerial } from '../../channel/serial.js';
import { importCommand } from '../cert-import.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import type { Door } from './door.js';
import { facts, json, minute, print, printable, table } from './print.js';

interface Row {
  serial: string;
  cn: string;
  sans: { type: string; value: string }[];
  profile: string;
  state: string;
  not_before: string;
  not_after: string;
  issued_at: string;
  reason?: string;
  revoked_at?: string;
  account?: string;
  outcome?: string;
}

const names = ({ cn, sans }: Row) => [...new Set([cn, ...sans.map(({ value }) => value)])].join(',');

const listing = (rows: Row[]) =>
  table(rows, [
    ['SERIAL', ({ serial }) => serial],
    ['NAMES', (row) => (names(row).length > 60 ? `${names(row).slice(0, 59)}…` : names(row))],
    ['PROFILE', ({ profile }) => profile],
    ['STATE', ({ state }) => state],
    ['ENDS', ({ not_after: end }) => minute(end)],
  ]);

/** `upki cert …`: certificates, whoever they were issued to. */
export function certCommand(): Command {
  return new Command('cert')
    .description('Find, show, revoke, hold and export certificates.')
    .addCommand(list())
    .addCommand(show())
    .addCommand(revoke())
    .addCommand(hold())
    .addCommand(unhold())
    .addCommand(exported())
    .addCommand(importCommand());
}

interface ListOptions extends Common {
  name?: string;
  serial?: string;
  account?: string;
  node?: string;
  profile?: string;
  issuer?: string;
  state?: string;
  expiresIn?: string;
  notRenewed?: boolean;
  limit: string;
}

function list(): Command {
  return operatorCommand<ListOptions>(
    'list [name]',
    'List certificates that meet every condition.',
    [
      ['upki cert list press-17.plant.lan', 'Those with this name, wherever it stands in them.'],
      [
        "upki cert list '*.plant.lan' --expires-in 14d --not-renewed",
        'What ends soon and nobody has renewed.',
      ],
      ['upki cert list 10.0.4.0/24 --state good --json', 'Those for addresses of a network.'],
    ],
    async (door, options, name) => {
      const { account, node, profile, issuer, state, serial } = options;
      const conditions = {
        ...{ name: name || options.name, serial, account, node, profile, issuer, state },
        ...(options.expiresIn !== undefined && { expires_in: options.expiresIn }),
        ...(options.notRenewed && { not_renewed: true }),
      };
      const found: Row[] = await pages(
        door,
        '/private/certificates',
        conditions,
        'certificates',
        Number(options.limit),
      );
      print(options.json ? json(found) : listing(found));
    },
    (command) =>
      command
        .option('--name <name>', 'A name, an address, a glob with * and ?, or a network.')
        .option('--serial <serial>', 'One certificate, by its serial.')
        .option('--account <id>', 'Ordered by this ACME account.')
        .option('--node <name>', 'Of this node.')
        .option('--profile <name>', 'Of this profile.')
        .option('--issuer <name>', 'By this issuer: common name, DN or key identifier.')
        .addOption(
          new Option('--state <state>', 'In this state.').choices(['good', 'held', 'revoked', 'expired']),
        )
        .option('--expires-in <time>', 'Ends within 14d (or 48h, 2w) from now.')
        .option('--not-renewed', 'No later good certificate has all its names.')
        .addOption(new Option('--limit <number>', 'At most so many.').default('1000')),
  );
}

function show(): Command {
  return operatorCommand<Common>(
    'show <serial-or-name>',
    'Show everything known of a certificate.',
    [['upki cert show press-17.plant.lan', 'The good one of this name that ends last.']],
    async (door, options, reference) => {
      const { data } = await door.ask('GET', `/private/certificates/${encodeURIComponent(reference)}`);
      if (options.json) return print(json(data));
      print(
        facts([
          ['Serial', data.serial],
          ['Names', names(data)],
          ['Subject', data.dn],
          ['Profile', data.profile],
          ['State', data.state],
          ['Reason', data.reason],
          ['Revoked', minute(data.revoked_at)],
          ['Valid', `${minute(data.not_before)} to ${minute(data.not_after)}`],
          ['Issued', minute(data.issued_at)],
          ['Account', data.account],
          ['Node', data.node],
          ['Order', data.order],
          ['Got by', data.origin],
          ['Replaced by', data.replaced_by],
          ...data.proofs.map((proof: { name: string; by: string; at: string }): [string, string] => [
            'Proven',
            `${proof.name} by ${proof.by} ${minute(proof.at ?? undefined)}`,
          ]),
        ]),
      );
      if (data.history.length > 0) print(`\nOthers of this name:\n${listing(data.history)}`);
      print(`\n${data.chain}`);
    },
  );
}

interface ChangeOptions extends Common {
  all?: boolean;
  reason?: string;
  comment?: string;
}

/** For a name, the affected certificates are listed first. */
async function change(
  door: Door,
  what: string,
  reference: string,
  options: ChangeOptions,
  more: object = {},
): Promise<void> {
  const { all = false, comment } = options;
  const named =
    parseSerial(reference) !== null && reference.length > 15
      ? { serial: reference }
      : { name: reference, all };
  const body = { ...named, ...more, ...(comment !== undefined && { comment }) };
  if (!options.yes) {
    const { data } = await door.ask('POST', `/private/certificates/actions/${what}`, {
      ...body,
      dry_run: true,
    });
    process.stderr.write(listing(data.certificates));
    if (
      !(await confirmed(
        `${what} ${data.certificates.length === 1 ? 'this certificate' : 'these certificates'}?`,
        options,
      ))
    )
      return;
  }
  const { data } = await door.ask('POST', `/private/certificates/actions/${what}`, body);
  if (options.json) return print(json(data));
  for (const each of data.certificates as Row[])
    print(`${each.serial}  ${printable(names(each))}  ${each.outcome}\n`);
}

const changing = (command: Command) =>
  command
    .option('--all', 'Every certificate of the name, if there are several.')
    .option('--comment <text>', 'Why, for the audit log.')
    .option('--yes', 'Do it without being asked.');

function revoke(): Command {
  return operatorCommand<ChangeOptions>(
    'revoke <serial-or-name>',
    'Revoke a certificate, or those of a name: OCSP and the CRL say so at once.',
    [
      ['upki cert revoke 4a1f…', 'One certificate, by its serial.'],
      [
        'upki cert revoke press-17.plant.lan --all --reason keyCompromise --yes',
        'All of a name; its keys are refused from then on.',
      ],
    ],
    (door, options, reference) =>
      change(door, 'revoke', reference, options, {
        ...(options.reason !== undefined && { reason: reasonOf(options.reason) }),
      }),
    (command) => changing(command).option('--reason <reason>', 'RFC 5280 reason, by name or number.'),
  );
}

const reasonOf = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

function hold(): Command {
  return operatorCommand<ChangeOptions>(
    'hold <serial-or-name>',
    'Put a certificate on hold, from which it can come back.',
    [['upki cert hold press-17.plant.lan --yes', 'The one of this name.']],
    (door, options, reference) => change(door, 'hold', reference, options),
    changing,
  );
}

function unhold(): Command {
  return operatorCommand<ChangeOptions>(
    'unhold <serial-or-name>',
    'Take a certificate off hold.',
    [['upki cert unhold press-17.plant.lan --yes', 'The one of this name.']],
    (door, options, reference) => change(door, 'unhold', reference, options),
    changing,
  );
}

function exported(): Command {
  return operatorCommand<Common & { format: string; output?: string }>(
    'export <serial-or-name>',
    'Write a certificate as a file.',
    [
      [
        'upki cert export press-17.plant.lan --format chain -o press.pem',
        'With its issuers, as servers want it.',
      ],
    ],
    async (door, { format, output }, reference) => {
      const path = `/private/certificates/${encodeURIComponent(reference)}/export?format=${format}`;
      const { content } = await door.ask('GET', path);
      if (output === undefined) process.stdout.write(content);
      else await writeFile(output, content);
    },
    (command) =>
      command
        .addOption(
          new Option('--format <format>', 'What to write.').choices(['pem', 'chain', 'der']).default('pem'),
        )
        .option('-o, --output <file>', 'Where to; standard output when left out.'),
  );
}
