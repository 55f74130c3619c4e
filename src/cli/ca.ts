import { join } from 'node:path';
import { Command, Option } from 'commander';
import { MADE_ANEW, type MadeAnew } from '../ca/folder/anew.js';
import { makePrivateFolder } from '../lib/files.js';
import type { Sockets } from '../programs/ca/start.js';
import { runProgram } from '../programs/child.js';
import { lockDirectory } from '../programs/lock.js';
import { createLogger } from '../programs/logger.js';
import { type LoadedProgram, loadProgramSettings } from '../programs/settings.js';
import { rolloverCommand, statusCommand } from './ca-rollover.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG, type Flag, givenFlags } from './options.js';

const IMPORT: Flag[] = [
  DIRECTORY_FLAG,
  { flags: '--ca-key <file>', setting: 'caKeyFile' },
  { flags: '--ca-cert <file>', setting: 'caCertFile' },
];
const HOST: Flag = { flags: '--host <address>', setting: 'caHost' };
const CLEAR_ANY: Flag = { flags: '--clear-any <yes>', setting: 'zmqClearAny' };
const OPERATIONS: Flag[] = [DIRECTORY_FLAG, HOST, { flags: '--port <port>', setting: 'caPort' }, CLEAR_ANY];
const REGISTRATION: Flag[] = [
  DIRECTORY_FLAG,
  HOST,
  { flags: '--port <port>', setting: 'caRegistrationPort' },
  CLEAR_ANY,
];

/** `upki ca …`: the CA alone, and its parts. */
export function caCommand(): Command {
  return new Command('ca')
    .description('Run the certificate authority alone: it holds the keys and speaks ZeroMQ only.')
    .addCommand(initCommand())
    .addCommand(statusCommand())
    .addCommand(rolloverCommand())
    .addCommand(
      serving('register', REGISTRATION, 'registration', 'Take registrations of RAs, and nothing else.', [
        ['upki ca register', 'Take registrations on port 5001 until ended with Ctrl-C.'],
      ]),
    )
    .addCommand(
      serving('listen', OPERATIONS, 'operations', 'Serve registered RAs; the CA must be initialised.', [
        ['upki ca listen --host 10.0.0.2', 'Serve on one address of this machine.'],
      ]),
    )
    .addCommand(
      serving('start', OPERATIONS, 'both', 'Initialise if need be, then serve and take registrations.', [
        ['upki ca start --host 10.0.0.2', 'Serve on ports 5000 and 5001.'],
      ]),
    );
}

interface InitFlags {
  caPasswordFile?: string;
  anew?: MadeAnew[];
}

function initCommand(): Command {
  const command = new Command('init').description(
    'Make the keys and certificates of the CA, or take over existing ones. Doing it again changes nothing.',
  );
  addSettingFlags(command, IMPORT, ['ca']);
  command.option('--ca-password-file <file>', 'Holds the passphrase of the key given with --ca-key.');
  command.addOption(
    new Option(
      '--anew <what...>',
      'Make again, on purpose, what an existing CA has lost: its channel key (every RA must then be registered again), its ' +
        'registration seed, or its database (certificates and revocations are forgotten). What is there is set aside.',
    ).choices(MADE_ANEW),
  );
  addExamples(command, [
    ['upki ca init -d /srv/ca', 'Make a root and an issuing CA in /srv/ca.'],
    ['upki ca init --ca-key root.key --ca-cert root.crt', 'Put an issuing CA under an existing root.'],
    [
      'upki ca init -d /srv/ca --anew channel.key',
      'The key is lost: make another, then register every RA again.',
    ],
  ]);
  return command.action(async () => {
    const loaded = load(command, IMPORT);
    const { settings } = loaded;
    await makePrivateFolder(settings.dataDir);
    const unlock = lockDirectory(settings.dataDir);
    try {
      const { initCa, checkCa } = await import('../programs/ca/start.js');
      const { caPasswordFile: passwordFile, anew } = command.opts<InitFlags>();
      const warn = (sentence: string) => process.stderr.write(`uPKI: ${sentence}\n`);
      await checkCa(loaded, await initCa(loaded, { passwordFile, anew, warn }));
    } finally {
      unlock();
    }
    const at = (name: string) => join(settings.dataDir, name);
    process.stdout.write(
      `The CA is in ${settings.dataDir}\n  root certificate: ${at('ca.crt')}\n  registration seed: ${at('seed')}\n`,
    );
  });
}

function serving(
  name: string,
  flags: Flag[],
  sockets: Sockets,
  description: string,
  examples: [string, string][],
): Command {
  const command = new Command(name).description(description);
  addSettingFlags(command, flags, ['ca']);
  addExamples(command, examples);
  return command.action(async () => {
    const loaded = load(command, flags);
    const log = await createLogger('CA', loaded.settings);
    // Loaded where it runs: an RA, a supervisor and `--help` need none of it.
    const { startCa } = await import('../programs/ca/start.js');
    await runProgram('CA', () => startCa(loaded, log, sockets, sockets === 'both'));
  });
}

function load(command: Command, flags: Flag[]): LoadedProgram {
  const loaded = loadProgramSettings('ca', process.env, givenFlags(command, flags));
  // `upki start` has given these warnings already.
  if (!process.send) for (const warning of loaded.warnings) process.stderr.write(`uPKI: ${warning}\n`);
  return loaded;
}
