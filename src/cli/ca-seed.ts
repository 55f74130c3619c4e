import { Command } from 'commander';
import { caPaths } from '../ca/folder/paths.js';
import { newRegistrationSeed } from '../channel/curve-keys.js';
import { readIfThere, writeDurably } from '../lib/files.js';
import { CannotStart } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import { caFolderOf } from './on-ca-machine.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG } from './options.js';

/** `upki ca seed`: the registration seed of RAs, on the machine of the CA, whether it runs or not. */
export function seedCommand(): Command {
  const command = new Command('seed').description(
    'Print the registration seed. Who has it can register RAs, until there is another; RAs that are registered stay so.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca']);
  command.option('--new', 'make another seed, which a CA that runs takes within seconds, and print it');
  addExamples(command, [
    ['SEED=$(upki ca seed)', 'For `upki ra register -s "$SEED"` on another machine.'],
    [
      'upki ca seed --new',
      'The former may be known: nobody registers with it any more. `upki ra list` says who did.',
    ],
  ]);
  return command.action(async () => {
    const dataDir = await caFolderOf(command);
    const { settings, given } = loadProgramSettings('ca', process.env, { dataDir });
    const path = caPaths(dataDir).seed;
    const isNew = command.opts<{ new?: boolean }>().new === true;
    if (isNew && settings.caSeed !== null)
      throw new CannotStart(
        `the seed is set by ${given.get('caSeed')}: change it there, and start the CA again`,
      );
    const seed = isNew ? await another(path) : (settings.caSeed ?? (await readIfThere(path))?.trim());
    if (!seed) throw new CannotStart(`${path} holds no seed: make one with \`upki ca seed --new\``);
    process.stdout.write(`${seed}\n`);
  });
}

async function another(path: string): Promise<string> {
  const seed = newRegistrationSeed();
  await writeDurably(path, `${seed}\n`, 0o600);
  return seed;
}
