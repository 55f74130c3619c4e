import { ExitCode } from '../../programs/exit.js';
import type { UpkiCommand } from '../command.js';
import { operatorCommand } from './command.js';
import { facts, minute } from './layout.js';

const MEBI = 1024 * 1024;
const mebibytes = (octets: number | undefined) =>
  octets === undefined ? null : `${Math.round(octets / MEBI).toLocaleString('en')} MiB`;
const number = (value: number | undefined) => value?.toLocaleString('en');
const joined = (parts: readonly (string | null | undefined | false)[]) =>
  parts.filter((each) => each !== null && each !== undefined && each !== false).join(', ');

interface Depth {
  running: number;
  waiting: number;
}

interface Authority {
  kind: string;
  state: string;
  dn: string;
  not_after: string;
}

const SAID = {
  well: 'Everything works.',
  warning: 'It works, but needs attention.',
  failing: 'Something does not work.',
};

/** `upki status`: shows the state of everything on one screen. */
export function statusCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'status',
    description:
      'Show the state of everything on one screen. Exits with 1 on a failure or a warning, or when the RA does not run.',
    examples: [
      ['upki status', 'Programs, the CA, database, queues, certificates, the last backup, warnings.'],
      ['upki status --json | jq -r .status', 'well, warning or failing.'],
    ],
    ask: async (door) => {
      const { data } = await door.ask('GET', '/private/status');
      if (data.status !== 'well' || !data.ra.serving) process.exitCode = ExitCode.failure;
      return data;
    },
    text: screen,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what the route answers, which its schema describes
function screen(data: any): string {
  const { ra, ca, database, authorities, crls, certificates, queues } = data;
  const text = facts([
    [
      'RA',
      joined([
        `${ra.version} on ${ra.host} as ${ra.name}`,
        ra.serving ? `since ${minute(ra.started)}` : 'does not run: this was read from its files',
        `Node.js ${ra.node}`,
        mebibytes(ra.memory),
        `certificate until ${minute(ra.certificate_ends)}`,
      ]),
    ],
    [
      'CA',
      ca
        ? joined([ca.version, `since ${minute(ca.started)}`, `writes in ${ca.database_ms} ms`])
        : 'does not answer',
    ],
    [
      'Database',
      joined([
        database.location,
        database.write_ms === undefined ? 'cannot be written' : `writes in ${database.write_ms} ms`,
      ]),
    ],
    [
      'Disk',
      joined([
        ra.disk_free !== undefined && `${mebibytes(ra.disk_free)} free at the RA`,
        ca?.disk_free !== undefined && `${mebibytes(ca.disk_free)} at the CA`,
      ]),
    ],
    ...authorities.map(({ kind, state, dn, not_after: end }: Authority): [string, string] => [
      kind[0]?.toUpperCase() + kind.slice(1),
      `${dn}, ${state}, until ${minute(end)}`,
    ]),
    ...crls.map((crl: { number: number; next_update: string }): [string, string] => [
      'CRL',
      `number ${crl.number}, next update by ${minute(crl.next_update)}`,
    ]),
    ['Certificates', certificates && countsOf(certificates)],
    [
      'Queues',
      joined([
        ...Object.entries(queues as Record<string, Depth>).map(
          ([name, { running, waiting }]) => `${name} ${running} running ${waiting} waiting`,
        ),
        data.notices_waiting !== undefined && `notices ${data.notices_waiting} waiting`,
      ]),
    ],
    ['Last backup', data.last_backup ? minute(data.last_backup) : 'none by upki backup on this machine'],
  ]);
  const bad = [...data.troubles, ...data.warnings].map((line: string) => `  ${line}\n`);
  return `${text}\n${SAID[data.status as keyof typeof SAID]}\n${bad.join('')}`;
}

function countsOf(counts: Record<'good' | 'ending' | 'late' | 'revoked' | 'expired', number>): string {
  const { good, ending, late, revoked, expired } = counts;
  const within = joined([
    ending !== undefined && `${number(ending)} end within 14 days`,
    `${number(late)} late to renew`,
  ]);
  return joined([
    `${number(good)} good (${within})`,
    `${number(revoked)} revoked`,
    `${number(expired)} expired`,
  ]);
}
