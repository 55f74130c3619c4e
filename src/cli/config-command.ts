import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configurationReference, defaultText, type Program } from '../config/index.js';
import { SETTING_LIST } from '../config/settings/index.js';
import { type EffectiveValue, effectiveValues } from '../programs/effective-values.js';
import { loadProgramSettings } from '../programs/settings.js';
import { DIRECTORY_FLAG, UpkiCommand } from './command.js';
import { jsonText, print, warn } from './print.js';

interface ConfigOptions {
  dir?: string;
  program?: string;
  json?: boolean;
  reference?: boolean;
}

/** `upki config`: prints the settings in effect and their sources, without secrets. */
export function configCommand(): UpkiCommand {
  const command = new UpkiCommand('config')
    .description('Check the configuration; print every value in effect and its source, without secrets.')
    .option(DIRECTORY_FLAG.flags, 'Data directory of `upki start`, or of the program alone. (UPKI_DATA_DIR)')
    .option('--program <ra|ca>', 'the configuration of one program (default: both)')
    .option('--json', 'print JSON: variable to value and source')
    .option('--reference', 'print the reference of all settings instead (Markdown)')
    .examples([
      ['upki config', 'The configuration of `upki start`, from environment, ~/.upki/upki.yml and defaults.'],
      ['upki config -d /srv/pki --program ca', 'The configuration of the CA in another directory.'],
    ]);
  return command.action(async (options: ConfigOptions) => {
    if (options.reference) return print(configurationReference());
    const { program, dir = process.env.UPKI_DATA_DIR } = options;
    if (program !== undefined && program !== 'ra' && program !== 'ca')
      return command.error(`error: --program must be ra or ca, not "${program}"`);
    const programs: Program[] = program === undefined ? ['ra', 'ca'] : [program];
    const loaded = programs.map((each) =>
      loadProgramSettings(each, process.env, dir ? { dataDir: folderOf(dir, each) } : {}),
    );
    const warnings = loaded.flatMap((each) => each.warnings);
    new Set(warnings).forEach(warn);
    const values = await Promise.all(
      loaded.map(async (each, index) => effectiveValues(each, programs[index] ?? 'ra')),
    );
    print(options.json ? asJson(values) : asText(programs, values));
  });
}

/** The program's folder; the directory of `upki start` has one for each. */
function folderOf(directory: string, program: Program): string {
  const own = join(directory, program);
  return existsSync(own) || !existsSync(join(directory, program === 'ra' ? 'config.json' : 'ca.config.yml'))
    ? own
    : directory;
}

type Values = Record<string, EffectiveValue>;

/** As JSON. A variable that both programs read has the RA's value. */
function asJson(values: Values[]): string {
  return jsonText(Object.assign({}, ...values.toReversed()));
}

/** Lines for an environment file, grouped by source, followed by comments with the variables that have no value. */
function asText(programs: Program[], all: Values[]): string {
  const lines = all.flatMap((values, index) =>
    Object.entries(values).map(([name, { value, source }]) => ({
      name,
      value,
      source,
      program: programs[index] ?? 'ra',
    })),
  );
  const shown = lines.filter(
    (line, index) =>
      index ===
      lines.findIndex(
        ({ name, value, source }) => name === line.name && value === line.value && source === line.source,
      ),
  );
  const sources = [...new Set(shown.map(({ source }) => source))];
  const ordered = [...sources.filter((source) => source !== DEFAULT_SOURCE), DEFAULT_SOURCE];
  const differs = (name: string) => shown.filter((each) => each.name === name).length > 1;
  const groups = ordered.map((source) => {
    const its = shown.filter((each) => each.source === source);
    const text = its.map(({ name, value, program }) =>
      differs(name) ? `# of the ${program.toUpperCase()}:\n${name}=${value}\n` : `${name}=${value}\n`,
    );
    return `# from ${source}\n${text.join('')}`;
  });
  return [...groups, withoutValue(programs, new Set(lines.map(({ name }) => name)))].join('\n');
}

function withoutValue(programs: Program[], named: Set<string>): string {
  const absent = SETTING_LIST.map(([, setting]) => setting).filter(
    ({ env, programs: readers }) => !named.has(env) && readers.some((reader) => programs.includes(reader)),
  );
  return `# not set\n${absent.map((setting) => `# ${setting.env}: ${defaultText(setting)}\n`).join('')}`;
}

const DEFAULT_SOURCE = 'default';
