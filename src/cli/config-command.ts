import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  configurationReference,
  type Program,
  redacted,
  SETTINGS,
  type SettingName,
} from '../config/index.js';
import { type LoadedProgram, loadProgramSettings } from '../programs/settings.js';
import { addExamples, DIRECTORY_FLAG } from './options.js';

interface ConfigOptions {
  dir?: string;
  program: string;
  json?: boolean;
  reference?: boolean;
}

/** `upki config`: what a program would run with and where each value comes from, secrets left out. */
export function configCommand(): Command {
  const command = new Command('config')
    .description(
      'Check the configuration; print every value in effect and where it comes from, secrets left out.',
    )
    .option(DIRECTORY_FLAG.flags, 'Data directory of `upki start`, or of the program alone. (UPKI_DATA_DIR)')
    .option('--program <ra|ca>', 'whose configuration', 'ra')
    .option('--json', 'print JSON: variable to value and source')
    .option('--reference', 'print the reference of all settings instead (Markdown)');
  addExamples(command, [
    ['upki config', 'The settings of the RA, from environment, ~/.upki/ra/config.json and defaults.'],
    ['upki config -d /srv/pki --program ca', 'Those of a CA in another directory.'],
  ]);
  return command.action((options: ConfigOptions) => {
    if (options.reference) return void process.stdout.write(configurationReference());
    const { program, dir = process.env.UPKI_DATA_DIR } = options;
    if (program !== 'ra' && program !== 'ca')
      return command.error(`error: --program must be ra or ca, not "${program}"`);
    const loaded = loadProgramSettings(program, process.env, dir ? { dataDir: folderOf(dir, program) } : {});
    for (const warning of loaded.warnings) process.stderr.write(`uPKI: ${warning}\n`);
    const values = inEffect(loaded, program);
    process.stdout.write(options.json ? `${JSON.stringify(values, null, 2)}\n` : bySource(values));
  });
}

/** The folder of `upki start` has one for each program. */
function folderOf(directory: string, program: Program): string {
  const own = join(directory, program);
  return existsSync(own) ? own : directory;
}

type Values = Record<string, { value: string; source: string }>;

const DEFAULT = 'default';

function inEffect({ settings, given }: LoadedProgram, program: Program): Values {
  const sources = new Map(
    [...given].map(([name, source]) => [SETTINGS[name as SettingName].env as string, source]),
  );
  return Object.fromEntries(
    Object.entries(redacted(settings, program)).map(([name, value]) => [
      name,
      { value, source: sources.get(name) ?? DEFAULT },
    ]),
  );
}

/** Lines an environment file takes, those of one source together, the defaults last. */
function bySource(values: Values): string {
  const sources = [...new Set(Object.values(values).map(({ source }) => source))];
  const ordered = [...sources.filter((source) => source !== DEFAULT), DEFAULT];
  return ordered
    .map((source) => {
      const its = Object.entries(values).filter(([, each]) => each.source === source);
      return `# from ${source}\n${its.map(([name, { value }]) => `${name}=${value}\n`).join('')}`;
    })
    .join('\n');
}
