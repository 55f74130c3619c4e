import { columns } from '../kit/columns.js';
import { CHALLENGES } from './client.js';

const FEATURES = ['start', ...CHALLENGES, 'handshake', 'renew', 'revoke', 'on the CRL', 'stop'] as const;
type Feature = (typeof FEATURES)[number];

export interface Outcome {
  passed: boolean;
  seconds: number;
}

/** What became of one client; features it does not have are absent. */
export interface Report {
  client: string;
  version: string;
  outcomes: Partial<Record<Feature, Outcome>>;
  failures: string[];
}

/** client × feature × outcome × seconds, in columns; `-`: the client cannot do that. */
export function table(reports: Report[]): string {
  const rows = [
    ['client', 'version', ...FEATURES],
    ...reports.map(({ client, version, outcomes }) => [
      client,
      version,
      ...FEATURES.map((feature) => cell(outcomes[feature])),
    ]),
  ];
  return columns(rows);
}

function cell(outcome: Outcome | undefined): string {
  if (!outcome) return '-';
  return `${outcome.passed ? 'ok' : 'FAILED'} ${outcome.seconds.toFixed(1)} s`;
}

/** How long each client takes from its start to its first certificate, by http-01 where it can; fastest first. */
export function secondsToCertificate(reports: Report[]): string {
  const times = reports
    .flatMap(({ client, outcomes }) => {
      const way = CHALLENGES.find((challenge) => outcomes[challenge]?.passed);
      return way ? [{ client, way, seconds: outcomes[way]?.seconds ?? 0 }] : [];
    })
    .sort((a, b) => a.seconds - b.seconds);
  const width = Math.max(...times.map(({ client }) => client.length));
  const line = ({ client, way, seconds }: (typeof times)[number]) =>
    `  ${client.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s  ${way.padEnd(11)}  ${'#'.repeat(Math.ceil(seconds * 4))}`;
  return ['Seconds to a certificate:', ...times.map(line)].join('\n');
}

/** `docs/clients/README.md`: which client, in which version, passed what. @param leftOut clients that were not asked for */
export function document(reports: Report[], leftOut: string[]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const columns = ['Client', 'Version', ...CHALLENGES, 'TLS handshake', 'renew', 'revoke', 'on the CRL'];
  const features = [...CHALLENGES, 'handshake', 'renew', 'revoke', 'on the CRL'] as const;
  const passed = (outcome: Outcome | undefined) =>
    outcome === undefined ? '–' : outcome.passed ? 'yes' : '**no**';
  const driven = reports.filter(({ outcomes }) => Object.keys(outcomes).length > 0);
  const absent = reports.filter((report) => !driven.includes(report));
  return [
    '# Clients',
    '',
    '<!-- Written by `npm run tool interop -- --write`. -->',
    '',
    'Each of these programs obtained certificates from a fresh uPKI, showed them in a TLS handshake checked against the',
    'root, renewed and revoked: `npm run tool interop` (see `tools/interop/`). `–` is what a client cannot do, or leaves to',
    'others.',
    '',
    row(columns),
    row(columns.map(() => '---')),
    ...driven.map(({ client, version, outcomes }) =>
      row([client, version, ...features.map((feature) => passed(outcomes[feature]))]),
    ),
    '',
    'How to set one up: [certbot](certbot.md), [lego](lego.md), [acme.sh](acme-sh.md), [Caddy](caddy.md),',
    '[Traefik](traefik.md), [cert-manager](cert-manager.md).',
    ...driven.flatMap(({ client, failures }) =>
      failures.map((failure) => `\n${client}: ${failure.split('\n')[0]}`),
    ),
    ...(absent.length > 0
      ? ['', `Not on the machine of that run: ${absent.map(({ client }) => client).join(', ')}.`]
      : []),
    ...(leftOut.length > 0 ? ['', `Left out of that run: ${leftOut.join(', ')}.`] : []),
    '',
  ].join('\n');
}

export function tally(reports: Report[]): string {
  const driven = reports.filter(({ outcomes }) => Object.keys(outcomes).length > 0);
  const outcomes = driven.flatMap((report) => Object.values(report.outcomes));
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  const absent = reports.filter((report) => !driven.includes(report)).map(({ client }) => client);
  return [
    `${driven.length} clients driven: ${passed} steps passed, ${outcomes.length - passed} failed`,
    ...(absent.length > 0 ? [`not driven, because not installable: ${absent.join(', ')}`] : []),
  ].join('\n');
}
