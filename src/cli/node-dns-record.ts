import { parseDateOrTime } from '../lib/rfc3339.js';
import { parseIdentifier } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import { loadProgramSettings } from '../programs/settings.js';
import { PERSIST_LABEL, persistRecord } from '../va/dns-persist-01.js';
import { DIRECTORY_FLAG, UpkiCommand } from './command.js';
import { servedRa } from './on-ra-machine.js';

interface DnsRecordOptions {
  account: string;
  wildcard?: boolean;
  until?: string;
  json?: boolean;
}

/** `upki node dns-record`: prints the zone file line that authorizes an account for a name by dns-persist-01. */
export function dnsRecordCommand(): UpkiCommand {
  const command = new UpkiCommand('dns-record')
    .description(
      'Print the TXT record that permanently authorizes an ACME account for a name (dns-persist-01), as a line of a zone file. ' +
        'The RA must have UPKI_RA_DNS_PERSIST=true.',
    )
    .argument('<name>', 'DNS name; with a leading *. the record also covers wildcards and all names below.')
    .requiredOption(
      '-a, --account <url>',
      'URL or id of the account. Clients show it, as does the error of a challenge that found no record.',
    )
    .option('-w, --wildcard', 'Also cover wildcards and all names below.')
    .option('-u, --until <time>', 'Expiry of the record, such as 2027-01-31 or 2027-01-31T12:00:00Z.')
    .option(DIRECTORY_FLAG.flags, 'Data directory of `upki start`, or of an RA alone. (UPKI_DATA_DIR)')
    .option('--json', 'Print JSON: name, type, ttl and value of the record.')
    .examples([
      ['upki node dns-record app.plant.lan -a 0193f2c4b5', 'One name, for the account with this id.'],
      [
        "upki node dns-record '*.plant.lan' -a https://pki.plant.lan:8000/acme/account/0193f2c4b5 -u 2027-12-31",
        'All names in plant.lan, until the end of 2027.',
      ],
    ]);
  return command.action(async (asked: string, options: DnsRecordOptions) => {
    const name = nameOf(asked);
    const until = options.until === undefined ? null : parseDateOrTime(options.until);
    if (name === null) return command.error(`error: "${asked}" is not a DNS name`);
    if (until === null && options.until !== undefined)
      return command.error(`error: --until "${options.until}" is not a date or time`);
    const { base, issuer } = await findRa(command.directory());
    const accountUri = accountUrl(options.account, base);
    if (accountUri === null) {
      return command.error(
        `error: --account "${options.account}" is neither the URL of an account nor its id`,
      );
    }
    const value = persistRecord({
      ...{ issuer, accountUri, wildcard: options.wildcard || name.wildcard },
      until: until === null ? null : Math.floor(until / 1000),
    });
    const record = { name: `${PERSIST_LABEL}.${name.value}.`, type: 'TXT', ttl: 3600, value };
    process.stdout.write(options.json ? `${JSON.stringify(record)}\n` : zoneLine(record));
  });
}

function nameOf(text: string): { value: string; wildcard: boolean } | null {
  try {
    const { value } = parseIdentifier({ type: 'dns', value: text.replace(/\.$/, '') });
    return { value: value.replace(/^\*\./, ''), wildcard: value.startsWith('*.') };
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

function accountUrl(account: string, base: string): string | null {
  if (/^[0-9a-f]{1,64}$/.test(account)) return `${base}/acme/account/${account}`;
  return /^https?:\/\/[\x21-\x3a\x3c-\x7e]+\/acme\/account\/[0-9a-f]{1,64}$/.test(account) ? account : null;
}

/** A line of a zone file, RFC 1035 §5.1. */
const zoneLine = ({ name, type, ttl, value }: { name: string; type: string; ttl: number; value: string }) =>
  `${name} ${ttl} IN ${type} ${quoted(value)}\n`;

/** RFC 1035 §3.3: character-strings of at most 255 octets each. */
const quoted = (value: string): string =>
  (value.match(/.{1,255}/g) ?? []).map((part) => `"${part}"`).join(' ');

/** The RA's URL, and the name by which records identify its CA. @throws CannotStart when the RA has never served */
async function findRa(directory: string): Promise<{ base: string; issuer: string }> {
  const { url: base, files } = await servedRa(directory);
  const { caaIdentities } = loadProgramSettings('ra', process.env, { dataDir: files.directory }).settings;
  return { base, issuer: caaIdentities[0] ?? new URL(base).hostname };
}
