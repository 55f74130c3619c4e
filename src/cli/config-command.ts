import { Command } from 'commander';
import { configurationReference, redacted } from '../config/index.js';
import { loadProgramSettings } from '../programs/settings.js';
import { addExamples } from './options.js';

/** `upki config`: what a program would run with, secrets left out. */
export function configCommand(): Command {
  const command = new Command('config')
    .description('Check the configuration and print what is in effect, secrets left out.')
    .option('--program <ra|ca>', 'whose configuration', 'ra')
    .option('--reference', 'print the reference of all settings instead (Markdown)');
  addExamples(command, [
    ['upki config', 'The settings of the RA, from environment, ~/.upki/ra/config.json and defaults.'],
    ['UPKI_DATA_DIR=/srv/pki/ca upki config --program ca', 'Those of a CA in another directory.'],
  ]);
  return command.action((options: { program: string; reference?: boolean }) => {
    if (options.reference) return void process.stdout.write(configurationReference());
    const { program } = options;
    if (program !== 'ra' && program !== 'ca')
      return command.error(`error: --program must be ra or ca, not "${program}"`);
    const { settings, warnings } = loadProgramSettings(program, process.env);
    for (const warning of warnings) process.stderr.write(`uPKI: ${warning}\n`);
    const lines = Object.entries(redacted(settings, program)).map(([name, value]) => `${name}=${value}\n`);
    process.stdout.write(lines.join(''));
  });
}
