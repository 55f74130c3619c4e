import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { parseSerial } from '../../channel/serial.js';
import { importCommand } from '../cert-import.js';
import { addExamples } from '../help.js';
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

/** `upki cert …`: manages all certificates. */
export function certCommand(): Command {
  return addExamples(
    new Command('cert')
      .description('Find, show, revoke, hold and export certificates.')
      .addCommand(list())
      .addCommand(show())
      .addCommand(revoke())
      .addCommand(hold())
      .addCommand(unhold())
      .addCommand(exported())
      .addCommand(importCommand()),
    [
      ["upki cert list '*.plant.lan' --expires-in 14d", 'Certificates that expire soon.'],
      [
        'upki cert revoke press-17.plant.lan --all --reason keyCompromise',
        'Every good certificate with this name.',
      ],
    ],
  );
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
      ['upki cert list press-17.plant.lan', 'Certificates with this name, as common name or SAN.'],
      [
        "upki cert list '*.plant.lan' --expires-in 14d --not-renewed",
        'Certificates that expire soon and were not renewed.',
      ],
      ['upki cert list 10.0.4.0/24 --state good --json', 'Certificates for addresses of a network.'],
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
        .option('--serial <serial>', 'Only the certificate with this serial.')
        .option('--account <id>', 'Only certificates ordered by this ACME account.')
        .option('--node <name>', 'Only certificates of this node.')
        .option('--profile <name>', 'Only certificates of this profile.')
        .option('--issuer <name>', 'Only certificates of this issuer: common name, DN or key identifier.')
        .addOption(
          new Option('--state <state>', 'Only certificates in this state.').choices([
            'good',
            'held',
            'revoked',
            'expired',
          ]),
        )
        .option('--expires-in <time>', 'Ends within 14d (or 48h, 2w) from now.')
        .option('--not-renewed', 'Only certificates whose names no later good certificate has.')
        .addOption(new Option('--limit <number>', 'Maximum number of certificates.').default('1000')),
  );
}

function show(): Command {
  return operatorCommand<Common>(
    'show <serial-or-name>',
    'Show everything about a certificate.',
    [['upki cert show press-17.plant.lan', 'The good certificate of this name that expires last.']],
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
      if (data.history.length > 0) print(`\nOther certificates of this name:\n${listing(data.history)}`);
      print(`\n${data.chain}`);
    },
  );
}

interface ChangeOptions extends Common {
  all?: boolean;
  reason?: string;
  comment?: string;
}

/** Changes the state of certificates. When a name is given, lists the affected certificates first. */
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
    .option('--all', 'All certificates of the name, if there are several.')
    .option('--comment <text>', 'Comment for the audit log.')
    .option('--yes', 'Do not ask for confirmation.');

function revoke(): Command {
  return operatorCommand<ChangeOptions>(
    'revoke <serial-or-name>',
    'Revoke a certificate, or those of a name. OCSP and the CRL show it at once.',
    [
      ['upki cert revoke 4a1f…', 'One certificate, by its serial.'],
      [
        'upki cert revoke press-17.plant.lan --all --reason keyCompromise --yes',
        'All certificates of a name. Their keys are refused from then on.',
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
    'Put a certificate on hold, which can be ended.',
    [['upki cert hold press-17.plant.lan --yes', 'The only certificate of this name.']],
    (door, options, reference) => change(door, 'hold', reference, options),
    changing,
  );
}

function unhold(): Command {
  return operatorCommand<ChangeOptions>(
    'unhold <serial-or-name>',
    'End the hold of a certificate.',
    [['upki cert unhold press-17.plant.lan --yes', 'The only certificate of this name.']],
    (door, options, reference) => change(door, 'unhold', reference, options),
    changing,
  );
}

function exported(): Command {
  return operatorCommand<Common & { format: string; output?: string }>(
    'export <serial-or-name>',
    'Write a certificate to a file.',
    [
      [
        'upki cert export press-17.plant.lan --format chain -o press.pem',
        'With its issuers, as servers need it.',
      ],
    ],
    async (door, { format, output, json: asJson }, reference) => {
      const path = `/private/certificates/${encodeURIComponent(reference)}/export?format=${format}`;
      const { content } = await door.ask('GET', path);
      if (output !== undefined) await writeFile(output, content);
      const text = content.toString(format === 'der' ? 'base64' : 'utf8');
      if (asJson) print(json({ format, ...(output === undefined ? { content: text } : { file: output }) }));
      else if (output === undefined) process.stdout.write(content);
    },
    (command) =>
      command
        .addOption(
          new Option('--format <format>', 'Format of the file.')
            .choices(['pem', 'chain', 'der'])
            .default('pem'),
        )
        .option('-o, --output <file>', 'File to write (default: standard output).'),
  );
}
