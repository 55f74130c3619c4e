import { defaultText } from './print.js';
import { configFileKey, type Program, type Setting, sharedKey } from './setting.js';
import { SETTING_LIST } from './settings/index.js';
import { MIGRATION, MOST_CHANGED, type SettingTask, TASKS } from './tasks.js';

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/ by \`npm run docs\`; a test keeps it current. -->

A setting is taken from the command line, else from the environment, else from \`upki.yml\`, else from the program's own file, else its
default holds. \`upki config\` shows every value in effect and where it comes from (\`-d DIRECTORY\`, \`--json\`). A wrong value is
refused at start (exit code 78; 2 for one on the command line) with its name, the value and what is allowed. A variable that starts with \`UPKI_\` and is not in this list is
warned about. An empty variable counts as unset.

## upki.yml

One file for both programs, in the directory of \`upki start\` (or of the program, when it runs alone), or at the path in \`UPKI_CONFIG\`. A
name in it is the variable without \`UPKI_\`, in lower case. Names may be grouped:

\`\`\`yaml
ra:
  url: https://pki.example.internal:8000     # UPKI_RA_URL
  allow: [example.internal, 10.0.0.0/8]      # UPKI_RA_ALLOW
va_resolvers: 10.0.0.53                      # UPKI_VA_RESOLVERS
ca:
  crl_validity: 3d                           # UPKI_CA_CRL_VALIDITY
  passphrase_file: /etc/upki/passphrase      # UPKI_CA_PASSPHRASE_FILE
\`\`\`

An unknown name is an error, which suggests the closest known name. A secret in the file is an error while every user of the machine may read
the file. \`upki reload\` reads the file again.

The programs' own files are \`config.json\` in the RA's data directory and \`ca.config.yml\` in the CA's.

## How values are written

- **Durations** have a unit: \`250ms\`, \`30s\`, \`10m\`, \`12h\`, \`7d\`.
- **Lists** are separated by commas; in a file they may also be lists.
- **Secrets** can be read from a file: \`UPKI_CA_SEED_FILE=/run/secrets/seed\` replaces \`UPKI_CA_SEED\`.
`;

/** The text of docs/configuration.md. */
export function configurationReference(): string {
  const known = new Map<string, Setting<unknown>>(SETTING_LIST.map(([, setting]) => [setting.env, setting]));
  const listed = new Set([...MIGRATION, ...TASKS.flatMap(({ variables }) => variables)]);
  const others = [...known.keys()].filter((env) => !listed.has(env));
  const chapters = [...TASKS, { title: 'More', variables: others }].flatMap((task) => {
    const entries = task.variables.flatMap((env) => known.get(env) ?? []);
    if (entries.length === 0) return [];
    const { about } = task as SettingTask;
    return [`## ${task.title}\n\n${about ? `${about}\n\n` : ''}${entries.map(entry).join('\n')}`];
  });
  return [INTRODUCTION, mostChanged(), ...chapters].join('\n');
}

/** The settings of docs/migration.md. */
export function migrationReference(): string {
  const settings = SETTING_LIST.map(([, setting]) => setting as Setting<unknown>);
  return settings
    .filter(({ env }) => MIGRATION.includes(env))
    .map(entry)
    .join('\n');
}

function mostChanged(): string {
  const rows = MOST_CHANGED.flatMap((env) => {
    const [, found] = SETTING_LIST.find(([, setting]) => setting.env === env) ?? [];
    return found === undefined
      ? []
      : [`| [\`${env}\`](#${env.toLowerCase()}) | ${firstSentence(found.doc)} |`];
  });
  return ['## The ten most often changed', '', '| Variable | Meaning |', '|---|---|', ...rows, ''].join('\n');
}

/** The first sentence of an explanation, for a list. */
export function firstSentence(doc: string): string {
  return /^.*?\.(?= |$)/.exec(doc)?.[0] ?? doc;
}

function entry(setting: Setting<unknown>): string {
  const variables = setting.secret ? `\`${setting.env}\`, \`${setting.env}_FILE\`` : `\`${setting.env}\``;
  const names = [
    `\`${sharedKey(setting.env)}\``,
    ...setting.programs.map((program) => ownName(setting, program)),
  ];
  const isOfFiles = setting.env === 'UPKI_DATA_DIR' || setting.env === 'UPKI_CONFIG';
  return [
    `### ${setting.env}`,
    '',
    setting.doc,
    '',
    `- Variable: ${variables}`,
    ...(isOfFiles ? [] : [`- In upki.yml: ${names.join('; ')}`]),
    `- Allowed: ${setting.type.allowed}`,
    `- Default: ${defaultText(setting)}`,
    `- Read by: ${setting.programs.map((program) => `the ${program.toUpperCase()}`).join(' and ')}`,
    '',
  ].join('\n');
}

const ownName = ({ env }: Setting<unknown>, program: Program): string =>
  `\`${configFileKey(env, program)}\` in ${program === 'ra' ? 'config.json' : 'ca.config.yml'}`;

/** The names of a command's variables: the most often changed ones, and the number of others. */
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
    'Environment (details in docs/configuration.md):',
    ...entries.map(([, setting]) => helpEntry(setting)),
  ].join('\n');
}

function helpEntry(setting: Setting<unknown>): string {
  const head = `  ${setting.env}${setting.secret ? ' (or _FILE)' : ''}`;
  return `${head}\n      ${setting.doc} Default: ${defaultText(setting)}.`;
}
