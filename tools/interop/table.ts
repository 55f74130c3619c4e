import { columns } from '../kit/columns.js';
import { CHALLENGES } from './client.js';

export const FEATURES = [
  'start',
  ...CHALLENGES,
  'handshake',
  'renew',
  'revoke',
  'on the CRL',
  'stop',
] as const;
export type Feature = (typeof FEATURES)[number];

export interface Outcome {
  passed: boolean;
  seconds: number;
}

/** The results of one client; features it does not have are absent. */
export interface Report {
  client: string;
  version: string;
  outcomes: Partial<Record<Feature, Outcome>>;
  failures: string[];
}

/** client × feature × outcome × seconds, in columns; `-` for a feature the client does not have. */
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

/** Time from each client's start to its first certificate, by http-01 if it can; fastest first. */
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

/** The clients that ran, and those that could not be installed. */
export function byPresence(reports: Report[]): { driven: Report[]; absent: Report[] } {
  const driven = reports.filter(({ outcomes }) => Object.keys(outcomes).length > 0);
  return { driven, absent: reports.filter((report) => !driven.includes(report)) };
}

export function tally(reports: Report[]): string {
  const { driven, absent } = byPresence(reports);
  const outcomes = driven.flatMap((report) => Object.values(report.outcomes));
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  return [
    `${driven.length} clients driven: ${passed} steps passed, ${outcomes.length - passed} failed`,
    ...(absent.length > 0
      ? [`not driven, because not installable: ${absent.map(({ client }) => client).join(', ')}`]
      : []),
  ].join('\n');
}
