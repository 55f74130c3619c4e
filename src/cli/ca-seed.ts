import { caPaths } from '../ca/folder/paths.js';
import { newRegistrationSeed } from '../channel/curve-keys.js';
import { readIfThere, writeDurably } from '../lib/files.js';
import { CannotStart } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import { UpkiCommand } from './command.js';
import { caFolderOf } from './on-ca-machine.js';
import { say } from './print.js';

/** `upki ca seed`: prints the registration seed of RAs on the CA's machine, whether the CA runs or not. */
export function seedCommand(): UpkiCommand {
  const command = new UpkiCommand('seed')
    .description(
      'Print the registration seed. Anyone who has it can register RAs, until it is replaced. Registered RAs stay registered.',
    )
    .settings(['ca'])
    .option('--new', 'replace the seed and print the new one; a running CA uses it within seconds')
    .examples([
      ['SEED=$(upki ca seed)', 'For `upki ra register -s "$SEED"` on another machine.'],
      [
        'upki ca seed --new',
        'The old seed may be known: stop registrations with it. `upki ra list` shows the registered RAs.',
      ],
    ]);
  return command.action(async ({ new: isNew = false }: { new?: boolean }) => {
    const dataDir = await caFolderOf(command);
    const { settings, given } = loadProgramSettings('ca', process.env, { dataDir });
    const path = caPaths(dataDir).seed;
    if (isNew && settings.caSeed !== null)
      throw new CannotStart(`the seed is set by ${given.get('caSeed')}: change it there, and restart the CA`);
    const seed = isNew ? await another(path) : (settings.caSeed ?? (await readIfThere(path))?.trim());
    if (!seed) throw new CannotStart(`${path} contains no seed: make one with \`upki ca seed --new\``);
    say(seed);
  });
}

async function another(path: string): Promise<string> {
  const seed = newRegistrationSeed();
  await writeDurably(path, `${seed}\n`, 0o600);
  return seed;
}
