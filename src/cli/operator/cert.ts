import { Option } from 'commander';
import { parseSerial } from '../../channel/serial.js';
import { writeTo } from '../../lib/files.js';
import { importCommand } from '../cert-import.js';
import { UpkiCommand } from '../command.js';
import { type Common, confirmed, operatorCommand, pages } from './command.js';
import { facts, minute, printable, table } from './layout.js';

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
export function certCommand(): UpkiCommand {
  return new UpkiCommand('cert')
    .description('Find, show, revoke, hold and export certificates.')
    .addCommand(list())
    .addCommand(show())
    .addCommand(revoke())
    .addCommand(hold())
    .addCommand(unhold())
    .addCommand(exported())
    .addCommand(importCommand())
    .examples([
      ["upki cert list '*.plant.lan' --expires-in 14d", 'Certificates that expire soon.'],
      [
        'upki cert revoke press-17.plant.lan --all --reason keyCompromise',
        'Every good certificate with this name.',
      ],
    ]);
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

function list(): UpkiCommand {
  return operatorCommand({
    usage: 'list [name]',
    description: 'List certificates that meet every condition.',
    examples: [
      ['upki cert list press-17.plant.lan', 'Certificates with this name, as common name or SAN.'],
      [
        "upki cert list '*.plant.lan' --expires-in 14d --not-renewed",
        'Certificates that expire soon and were not renewed.',
      ],
      ['upki cert list 10.0.4.0/24 --state good --json', 'Certificates for addresses of a network.'],
    ],
    options: (command) =>
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
        .option('--limit <number>', 'Maximum number of certificates.', '1000'),
    ask: (door, options: ListOptions, name): Promise<Row[]> => {
      const { account, node, profile, issuer, state, serial, expiresIn, notRenewed, limit } = options;
      const conditions = {
        ...{ name: name || options.name, serial, account, node, profile, issuer, state },
        ...{ expires_in: expiresIn, not_renewed: notRenewed },
      };
      return pages(door, 'certificates', conditions, Number(limit));
    },
    text: listing,
  });
}

function show(): UpkiCommand {
  return operatorCommand({
    usage: 'show <serial-or-name>',
    description: 'Show everything about a certificate.',
    examples: [['upki cert show press-17.plant.lan', 'The good certificate of this name that expires last.']],
    ask: async (door, _options, reference) =>
      (await door.ask('GET', `/private/certificates/${encodeURIComponent(reference)}`)).data,
    text: (data) => {
      const all = facts([
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
      ]);
      const others =
        data.history.length > 0 ? `\nOther certificates of this name:\n${listing(data.history)}` : '';
      return `${all}${others}\n${data.chain}`;
    },
  });
}

interface ChangeOptions extends Common {
  all?: boolean;
  reason?: string;
  comment?: string;
}

/**
 * A command that changes the state of certificates: `revoke`, `hold` or `unhold`. Without --yes it lists the affected
 * certificates and asks for confirmation.
 */
function changing(
  action: string,
  description: string,
  examples: [string, string][],
  options = (command: UpkiCommand) => command,
): UpkiCommand {
  return operatorCommand({
    usage: `${action} <serial-or-name>`,
    ...{ description, examples },
    options: (command) =>
      options(
        command
          .option('--all', 'All certificates of the name, if there are several.')
          .option('--comment <text>', 'Comment for the audit log.')
          .option('--yes', 'Do not ask for confirmation.'),
      ),
    ask: async (door, options: ChangeOptions, reference) => {
      const { all = false, comment, reason, yes } = options;
      const isSerial = parseSerial(reference) !== null && reference.length > 15;
      const body = {
        ...(isSerial ? { serial: reference } : { name: reference, all }),
        ...{ reason: reason && reasonOf(reason), comment },
      };
      const path = `/private/certificates/actions/${action}`;
      if (!yes) {
        const { data } = await door.ask('POST', path, { ...body, dry_run: true });
        process.stderr.write(listing(data.certificates));
        const these = data.certificates.length === 1 ? 'this certificate' : 'these certificates';
        if (!(await confirmed(`${action} ${these}?`, options))) return null;
      }
      return (await door.ask('POST', path, body)).data;
    },
    text: ({ certificates }) =>
      certificates
        .map((each: Row) => `${each.serial}  ${printable(names(each))}  ${each.outcome}\n`)
        .join(''),
  });
}

const reasonOf = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

function revoke(): UpkiCommand {
  return changing(
    'revoke',
    'Revoke a certificate, or those of a name. OCSP and the CRL show it at once.',
    [
      ['upki cert revoke 4a1f…', 'One certificate, by its serial.'],
      [
        'upki cert revoke press-17.plant.lan --all --reason keyCompromise --yes',
        'All certificates of a name. Their keys are refused from then on.',
      ],
    ],
    (command) => command.option('--reason <reason>', 'RFC 5280 reason, by name or number.'),
  );
}

function hold(): UpkiCommand {
  return changing('hold', 'Put a certificate on hold, which can be ended.', [
    ['upki cert hold press-17.plant.lan --yes', 'The only certificate of this name.'],
  ]);
}

function unhold(): UpkiCommand {
  return changing('unhold', 'End the hold of a certificate.', [
    ['upki cert unhold press-17.plant.lan --yes', 'The only certificate of this name.'],
  ]);
}

function exported(): UpkiCommand {
  return operatorCommand({
    usage: 'export <serial-or-name>',
    description: 'Write a certificate to a file.',
    examples: [
      [
        'upki cert export press-17.plant.lan --format chain -o press.pem',
        'With its issuers, as servers need it.',
      ],
    ],
    options: (command) =>
      command
        .addOption(
          new Option('--format <format>', 'Format of the file.')
            .choices(['pem', 'chain', 'der'])
            .default('pem'),
        )
        .option('-o, --output <file>', 'File to write (default: standard output).'),
    ask: async (door, { format, output }: Common & { format: string; output?: string }, reference) => {
      const path = `/private/certificates/${encodeURIComponent(reference)}/export?format=${format}`;
      const { content } = await door.ask('GET', path);
      if (output !== undefined) await writeTo(output, content);
      return output === undefined
        ? { format, content: content.toString(encodingOf(format)) }
        : { format, file: output };
    },
    text: ({ format, content = '' }) => Buffer.from(content, encodingOf(format)),
  });
}

/** How JSON holds a file of this format. */
const encodingOf = (format: string): BufferEncoding => (format === 'der' ? 'base64' : 'utf8');
