import { defaultText } from './print.js';
import { fileKey, type Program, type Setting } from './setting.js';
import { SETTING_LIST } from './settings/index.js';

const CHAPTERS: { title: string; programs: Program[] }[] = [
  { title: 'Both programs', programs: ['ra', 'ca'] },
  { title: 'The registration authority', programs: ['ra'] },
  { title: 'The certificate authority', programs: ['ca'] },
];

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/settings/ by \`npm run docs\`; a test keeps it current. -->

A setting is taken from the command line, else from the environment, else from the program's own file, else its
default holds. A wrong value is refused at start with its name, the value and what is allowed; a variable that
starts with \`UPKI_\` and is not in this list is warned about. An empty variable counts as unset.

The files are \`config.json\` in the RA's data directory and \`ca.config.yml\` in the CA's. Secrets can also be read
from a file: \`UPKI_CA_SEED_FILE=/run/secrets/seed\` stands for \`UPKI_CA_SEED\`.
`;

/** docs/configuration.md, whole. */
export function configurationReference(): string {
  const chapters = CHAPTERS.map(({ title, programs }) => {
    const entries = SETTING_LIST.filter(([, setting]) => setting.programs.join() === programs.join());
    return `## ${title}\n\n${entries.map(([, setting]) => entry(setting)).join('\n')}`;
  });
  return [INTRODUCTION, mostChanged(), ...chapters].join('\n');
}

function mostChanged(): string {
  const rows = MOST_CHANGED.flatMap((env) => {
    const [, found] = SETTING_LIST.find(([, setting]) => setting.env === env) ?? [];
    return found === undefined
      ? []
      : [`| [\`${env}\`](#${env.toLowerCase()}) | ${firstSentence(found.doc)} |`];
  });
  return ['## The ten most often changed', '', '| Variable | What it says |', '|---|---|', ...rows, ''].join(
    '\n',
  );
}

/** What comes first in an explanation, for a list. */
export function firstSentence(doc: string): string {
  return /^.*?\.(?= |$)/.exec(doc)?.[0] ?? doc;
}

function entry(setting: Setting<unknown>): string {
  const keys = setting.programs.map((program) => {
    const file = program === 'ra' ? 'config.json' : 'ca.config.yml';
    return `\`${fileKey(setting.env, program)}\` in ${file}`;
  });
  const variables = setting.secret ? `\`${setting.env}\`, \`${setting.env}_FILE\`` : `\`${setting.env}\``;
  const file = setting.env === 'UPKI_DATA_DIR' ? [] : [`- In the file: ${keys.join(', ')}`];
  return [
    `### ${setting.env}`,
    '',
    setting.doc,
    '',
    `- Variable: ${variables}`,
    ...file,
    `- Allowed: ${setting.type.allowed}`,
    `- Default: ${defaultText(setting)}`,
    '',
  ].join('\n');
}

/** Those most often changed, in the order of how often. */
const MOST_CHANGED: readonly string[] = [
  'UPKI_DATA_DIR',
  'UPKI_RA_URL',
  'UPKI_RA_SANS',
  'UPKI_RA_PORT',
  'UPKI_RA_ALLOW',
  'UPKI_RA_DENY',
  'UPKI_VA_RESOLVERS',
  'UPKI_DATABASE_URL',
  'UPKI_CA_PASSPHRASE',
  'UPKI_LOG_LEVEL',
];

/** The variables a command reads, by name: those most often changed, and how many more there are. */
export function variableNames(programs: Program[]): string {
  const known = SETTING_LIST.filter(([, { programs: readers }]) =>
    readers.some((reader) => programs.includes(reader)),
  ).map(([, { env }]) => env as string);
  const named = MOST_CHANGED.filter((env) => known.includes(env));
  return `${named.join(' ')} and ${known.length - named.length} more`;
}

/** Every variable of the programs a command runs, explained: `--help --all`. */
export function environmentHelp(programs: Program[]): string {
  const entries = SETTING_LIST.filter(([, { programs: readers }]) =>
    readers.some((reader) => programs.includes(reader)),
  );
  return [
    'Environment (docs/configuration.md says more):',
    ...entries.map(([, setting]) => helpEntry(setting)),
  ].join('\n');
}

function helpEntry(setting: Setting<unknown>): string {
  const head = `  ${setting.env}${setting.secret ? ' (or _FILE)' : ''}`;
  return `${head}\n      ${setting.doc} Default: ${defaultText(setting)}.`;
}
