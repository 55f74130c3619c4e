import cluster from 'node:cluster';
import { hostname } from 'node:os';
import { Option } from 'commander';
import { pino } from 'pino';
import { isFile, makePrivateFolder, writeTo } from '../lib/files.js';
import { runProgram } from '../programs/child.js';
import { CannotStart } from '../programs/exit.js';
import { lockDirectory } from '../programs/lock.js';
import { createLogger } from '../programs/logger.js';
import { sayingOrigin } from '../programs/origin.js';
import { wantedNames } from '../programs/ra/certificate.js';
import { RA_ANEW, type RaAnew, RaFiles, type RaRegistration } from '../programs/ra/files.js';
import { ownNames } from '../programs/ra/own-names.js';
import { type LoadedProgram, loadProgramSettings, type ProgramSettings } from '../programs/settings.js';
import { toPem } from '../x509/pem.js';
import { CA_ADDRESS_FLAGS, DIRECTORY_FLAG, type Flag, UpkiCommand, WEB_FLAGS } from './command.js';
import { raFolders } from './on-ra-machine.js';
import { print, say, warn } from './print.js';
import { listRasCommand, revokeRaCommand } from './ra-peers.js';

const CONNECTION = [DIRECTORY_FLAG, ...CA_ADDRESS_FLAGS];
const SERVING = [...CONNECTION, ...WEB_FLAGS];
const REGISTRATION: Flag[] = [
  ...CONNECTION,
  { flags: '-s, --seed <seed>', setting: 'caSeed' },
  { flags: '-c, --cn <name>', setting: 'raCn' },
];

/** `upki ra …`: runs the RA alone, with the CA on another machine. */
export function raCommand(): UpkiCommand {
  return new UpkiCommand('ra')
    .description('Run the registration authority (ACME and REST) alone, with a CA elsewhere.')
    .addCommand(
      command('init', [DIRECTORY_FLAG], 'Make the data directory and the keys of the RA.', init, [
        ['upki ra init -d /srv/ra', 'Make the keys in /srv/ra. Repeating it changes nothing.'],
        [
          'upki ra init -d /srv/ra --anew database',
          'Start with an empty database after accounts and orders were lost.',
        ],
      ]).addOption(
        new Option(
          '--anew <what...>',
          'Deliberately start again with an empty database. The old files are set aside.',
        ).choices(RA_ANEW),
      ),
    )
    .addCommand(
      command('register', REGISTRATION, "Register with a CA and obtain the RA's certificate.", register, [
        [
          'upki ra register -i 10.0.0.2 -s "$SEED" -c pki.example.internal',
          'Register with the CA on 10.0.0.2.',
        ],
        ['UPKI_CA_SEED_FILE=/run/secrets/seed upki ra register', 'Keep the seed off the command line.'],
        [
          'upki ra register -i 10.0.0.2 -s "$SEED" --anew',
          'After a key was lost or the CA was replaced: register as a new RA.',
        ],
      ]).option(
        '--anew',
        'Set the existing keys and registration aside, and register as a new RA with the CA that answers.',
      ),
    )
    .addCommand(
      command('listen', SERVING, 'Serve; the RA must be registered.', listen, [
        ['upki ra listen --web-port 9000', 'Serve on port 9000.'],
      ]),
    )
    .addCommand(
      command('start', SERVING, 'Serve; if needed and a seed is given, register first.', serve, [
        ['upki ra start -i 10.0.0.2', 'Serve with the CA on 10.0.0.2.'],
        ['UPKI_CA_SEED_FILE=/run/secrets/seed upki ra start', 'Register if needed, then serve.'],
      ]),
    )
    .addCommand(
      command('crl', CONNECTION, "Fetch the CA's current CRL as PEM.", crl, [
        ['upki ra crl', 'Print the CRL.'],
        ['upki ra crl -o crl.pem', 'Write it to a file.'],
      ]).option('-o, --output <file>', 'file to write (default: standard output)'),
    )
    .addCommand(listRasCommand())
    .addCommand(revokeRaCommand())
    .examples([
      ['upki ra register -i 10.0.0.2 -s "$SEED"', 'Register with the CA on 10.0.0.2, once.'],
      ['upki ra list', "On the CA's machine: the registered RAs."],
    ]);
}

type Action = (
  settings: ProgramSettings,
  command: UpkiCommand,
  given: LoadedProgram['given'],
) => Promise<void>;

function command(
  name: string,
  flags: Flag[],
  description: string,
  action: Action,
  examples: [string, string][],
): UpkiCommand {
  const made = new UpkiCommand(name).description(description).settings(['ra'], flags).examples(examples);
  return made.action(async () => {
    const { settings, warnings, given } = loadProgramSettings('ra', process.env, made.given());
    // `upki start` has already printed these warnings.
    if (!process.send) warnings.forEach(warn);
    await action(settings, made, given);
  });
}

/** The channel to the CA: loaded on demand, because the process that holds the workers' ports does not need it. */
const channel = () => import('../programs/ra/channel.js');

const init: Action = async ({ dataDir }, command) => {
  const files = new RaFiles(dataDir);
  const { anew = [] } = command.opts<{ anew?: RaAnew[] }>();
  await makePrivateFolder(dataDir);
  const unlock = lockDirectory(dataDir);
  try {
    if (anew.includes('database')) await files.beginDatabase();
    await files.keys(warn);
    await files.registration();
  } finally {
    unlock();
  }
  say(`The keys of the RA are in ${dataDir}`);
};

const register: Action = async (settings, command) => {
  const files = new RaFiles(settings.dataDir);
  if (command.opts<{ anew?: boolean }>().anew) await files.beginAnew();
  if (settings.zmqMode === 'clear') (await channel()).warnOfClear(settings.caHost, warn);
  const called = await ownNames(settings, files, warn);
  const { registerRa } = await import('../programs/ra/registration.js');
  await registerRa(settings, files, wantedNames(called.cn, called.sans, hostname()), warn);
  await files.saveNames(called);
  say(`Registered: the certificate is ${files.path('certificate')}, the root ${files.path('root')}`);
};

const serve: Action = async (settings, _command, given) => {
  if (settings.raWorkers > 1 && cluster.isPrimary) {
    const { startWorkers } = await import('../programs/ra/workers.js');
    return runProgram('RA', () => sayingOrigin(given, () => startWorkers(settings)));
  }
  const log = await createLogger('RA', settings);
  // Loaded on demand, because a CA, the supervisor and `--help` do not need it.
  const { startRa } = await import('../programs/ra/program.js');
  await runProgram('RA', () => sayingOrigin(given, () => startRa(settings, log)));
};

/** @throws CannotStart when the RA is not registered */
async function registered(files: RaFiles): Promise<RaRegistration> {
  const registration = await files.registration();
  if (registration !== null) return registration;
  throw new CannotStart('this RA is not registered with a CA: run `upki ra register`');
}

const listen: Action = async (settings, command, given) => {
  await registered(new RaFiles(settings.dataDir));
  await serve(settings, command, given);
};

/** The files of the RA in a directory, which may be that of `upki start`. */
async function filesIn(directory: string): Promise<RaFiles> {
  const [ofStart = directory] = raFolders(directory);
  return new RaFiles((await isFile(new RaFiles(ofStart).path('certificate'))) ? ofStart : directory);
}

const crl: Action = async (settings, command) => {
  const files = await filesIn(settings.dataDir);
  const registration = await registered(files);
  const { connectToCa } = await channel();
  const connection = connectToCa(settings, registration, await files.keys(), pino({ level: 'silent' }));
  try {
    const pem = toPem('X509 CRL', await connection.ca.crl());
    const { output } = command.opts<{ output?: string }>();
    if (output === undefined) print(pem);
    else await writeTo(output, pem);
  } finally {
    connection.close();
  }
};
