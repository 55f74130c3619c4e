import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { commonDirectory } from '../programs/settings.js';
import { shownLocation } from '../store/index.js';
import { addExamples } from './help.js';
import { addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';
import { copyCommand } from './store-copy.js';
import { pruneCommand } from './store-prune.js';
import { restoredCommand } from './store-restored.js';

/** `upki store …`: works on the databases, independently of the running programs. */
export function storeCommand(): Command {
  return addExamples(
    new Command('store')
      .description(
        'Check the databases of the RA and the CA, delete old data, or move them to another database.',
      )
      .addCommand(copyCommand())
      .addCommand(checkCommand())
      .addCommand(pruneCommand())
      .addCommand(restoredCommand()),
    [
      ['upki store check', 'Check the databases of `upki start`.'],
      ['upki store prune --dry-run', 'Show what would be deleted now.'],
    ],
  );
}

function checkCommand(): Command {
  const command = new Command('check').description(
    'Check the databases of the RA and the CA: pages, every certificate, the audit logs. Only reads; the programs may ' +
      'run. Exits with 1 and names the fault if something is wrong.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca', 'ra']);
  command.option('--json', 'print one JSON object');
  addExamples(command, [
    ['upki store check', 'Check the databases of `upki start`.'],
    ['upki store check -d /srv/ca', 'Check a CA that runs alone in a directory.'],
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
          `${name}: ${certificates} certificates and ${records} audit records, all intact\n`,
        );
    }
    if (json) process.stdout.write(`${JSON.stringify({ programs })}\n`);
  });
}
