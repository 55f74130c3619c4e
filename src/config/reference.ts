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
  return [INTRODUCTION, ...chapters].join('\n');
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

/** The environment part of a command's `--help`, for the programs it runs. */
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
