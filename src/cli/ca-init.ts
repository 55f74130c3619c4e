import { join } from 'node:path';
import { Option } from 'commander';
import { MADE_ANEW, type MadeAnew } from '../ca/folder/anew.js';
import { makePrivateFolder, writeDurably } from '../lib/files.js';
import { lockDirectory } from '../programs/lock.js';
import type { LoadedProgram } from '../programs/settings.js';
import { DIRECTORY_FLAG, type Flag, UpkiCommand } from './command.js';
import { loadCa } from './on-ca-machine.js';
import { say, warn } from './print.js';

const IMPORT: Flag[] = [
  DIRECTORY_FLAG,
  { flags: '--ca-key <file>', setting: 'caKeyFile' },
  { flags: '--ca-cert <file>', setting: 'caCertFile' },
  { flags: '--permit <names>', setting: 'caPermit' },
  { flags: '--permit-on-root <yes>', setting: 'caPermitOnRoot' },
];

interface InitFlags {
  caPasswordFile?: string;
  request?: string;
  anew?: MadeAnew[];
}

/** `upki ca init` */
export function initCommand(): UpkiCommand {
  const command = new UpkiCommand('init')
    .description(
      'Make the keys and certificates of the CA, or import existing ones. Repeating it changes nothing.',
    )
    .settings(['ca'], IMPORT)
    .option('--ca-password-file <file>', 'File with the passphrase of the key given with --ca-key.')
    .option(
      '--request <file>',
      'For a root elsewhere: make the key of the issuer and write the request for the root to sign. Then run upki ca install.',
    )
    .addOption(
      new Option(
        '--anew <what...>',
        'Deliberately recreate something that an existing CA has lost (docs/operations.md has the consequences).',
      ).choices(MADE_ANEW),
    )
    .examples([
      ['upki ca init -d /srv/ca', 'Make a root and an issuing CA in /srv/ca.'],
      ['upki ca init --ca-key root.key --ca-cert root.crt', 'Put an issuing CA under an existing root.'],
      [
        'upki ca init --permit plant.lan,10.0.0.0/8',
        'An issuer that can certify only these names, even if its key is stolen.',
      ],
      ['upki ca init --request issuer.csr', 'For a root elsewhere: have issuer.csr signed there.'],
    ]);
  return command.action(async ({ request, caPasswordFile: passwordFile, anew }: InitFlags) => {
    const loaded = loadCa(command);
    const { settings } = loaded;
    await makePrivateFolder(settings.dataDir);
    const unlock = lockDirectory(settings.dataDir);
    try {
      if (request !== undefined) return await writeRequest(loaded, request);
      const { initCa, checkCa } = await import('../programs/ca/start.js');
      await checkCa(loaded, await initCa(loaded, { passwordFile, anew, warn }));
    } finally {
      unlock();
    }
    const at = (name: string) => join(settings.dataDir, name);
    say(`The CA is in ${settings.dataDir}`);
    say(`  root certificate: ${at('ca.crt')}\n  registration seed: ${at('seed')}`);
  });
}

async function writeRequest(loaded: LoadedProgram, file: string): Promise<void> {
  const { requestIssuer } = await import('../programs/ca/elsewhere.js');
  await writeDurably(file, await requestIssuer(loaded), 0o644);
  say(
    `The request is in ${file}; its key stays in ${loaded.settings.dataDir}. Have the root sign it as a CA, then give its certificate and ` +
      `those above it, up to the root, to \`upki ca install FILE -d ${loaded.settings.dataDir}\`.`,
  );
}
