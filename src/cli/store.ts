import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { commonDirectory } from '../programs/settings.js';
import { shownLocation } from '../store/index.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';
import { copyCommand } from './store-copy.js';
import { pruneCommand } from './store-prune.js';
import { restoredCommand } from './store-restored.js';

/** `upki store …`: what is kept, apart from the programs that keep it. */
export function storeCommand(): Command {
  return new Command('store')
    .description(
      'Check what the RA and the CA keep, remove what was kept long enough, or move it to another database.',
    )
    .addCommand(copyCommand())
    .addCommand(checkCommand())
    .addCommand(pruneCommand())
    .addCommand(restoredCommand());
}

function checkCommand(): Command {
  const command = new Command('check').description(
    'Look at everything the RA and the CA keep: pages, every certificate, the audit logs. Nothing is written, and the programs may ' +
      'run. Ends with 1 when something is wrong, and says what.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca', 'ra']);
  command.option('--json', 'print one JSON object');
  addExamples(command, [
    ['upki store check', 'What `upki start` keeps.'],
    ['upki store check -d /srv/ca', 'A CA alone in a directory.'],
  ]);
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const directory = commonDirectory(process.env, givenFlags(command, [DIRECTORY_FLAG]).dataDir);
    const { checkStore } = await import('../backup/check.js');
    const { findInstallation } = await import('../backup/layout.js');
    const { parts } = await findInstallation(directory, process.env);
    if (parts.length === 0) throw new CannotStart(`there is neither a CA nor an RA in ${directory}`);
    const programs: object[] = [];
    for (const layout of parts) {
      const { part, folder, database } = layout;
      const issuers = part === 'ca' ? await readFile(join(folder, 'issuer.crt'), 'utf8') : '';
      const { certificates, records, faults } = await checkStore(layout, issuers);
      const name = `${part.toUpperCase()} (${shownLocation(database)})`;
      programs.push({ program: part, database: shownLocation(database), certificates, records, faults });
      if (faults.length > 0) process.exitCode = ExitCode.failure;
      if (json) continue;
      for (const fault of faults) process.stderr.write(`uPKI: ${name}: ${fault}\n`);
      if (faults.length === 0)
        process.stdout.write(
          `${name}: ${certificates} certificates and ${records} audit records, all as they were written\n`,
        );
    }
    if (json) process.stdout.write(`${JSON.stringify({ programs })}\n`);
  });
}
