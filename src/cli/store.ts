import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkStore } from '../backup/check.js';
import { ExitCode } from '../programs/exit.js';
import { shownLocation } from '../store/index.js';
import { UpkiCommand } from './command.js';
import { say, warn } from './print.js';
import { copyCommand } from './store-copy.js';
import { partsHere } from './store-parts.js';
import { pruneCommand } from './store-prune.js';
import { restoredCommand } from './store-restored.js';

/** `upki store …`: works on the databases, independently of the running programs. */
export function storeCommand(): UpkiCommand {
  return new UpkiCommand('store')
    .description(
      'Check the databases of the RA and the CA, delete old data, or move them to another database.',
    )
    .addCommand(copyCommand())
    .addCommand(checkCommand())
    .addCommand(pruneCommand())
    .addCommand(restoredCommand())
    .examples([
      ['upki store check', 'Check the databases of `upki start`.'],
      ['upki store prune --dry-run', 'Show what would be deleted now.'],
    ]);
}

function checkCommand(): UpkiCommand {
  const command = new UpkiCommand('check')
    .description(
      'Check the databases of the RA and the CA: pages, every certificate, the audit logs. Only reads; the programs may ' +
        'run. Exits with 1 and names the fault if something is wrong.',
    )
    .settings(['ca', 'ra'])
    .option('--json', 'print one JSON object')
    .examples([
      ['upki store check', 'Check the databases of `upki start`.'],
      ['upki store check -d /srv/ca', 'Check a CA that runs alone in a directory.'],
    ]);
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const programs: object[] = [];
    for (const layout of await partsHere(command)) {
      const { part, folder, database } = layout;
      const issuers = part === 'ca' ? await readFile(join(folder, 'issuer.crt'), 'utf8') : '';
      const { certificates, records, faults } = await checkStore(layout, issuers);
      const name = `${part.toUpperCase()} (${shownLocation(database)})`;
      programs.push({ program: part, database: shownLocation(database), certificates, records, faults });
      if (faults.length > 0) process.exitCode = ExitCode.failure;
      if (json) continue;
      for (const fault of faults) warn(`${name}: ${fault}`);
      if (faults.length === 0)
        say(`${name}: ${certificates} certificates and ${records} audit records, all intact`);
    }
    if (json) say(JSON.stringify({ programs }));
  });
}
