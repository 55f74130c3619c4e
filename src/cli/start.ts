import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { makePrivateFolder, readIfThere } from '../lib/files.js';
import { ExitCode } from '../programs/exit.js';
import {
  forgetOldChannelKey,
  type InstallationFolders,
  noteInstallation,
  requireInstallation,
} from '../programs/installation.js';
import { lockDirectory } from '../programs/lock.js';
import { SMALL_ALLOCATOR, youngGeneration } from '../programs/memory.js';
import { describeError } from '../programs/operator-error.js';
import { sayingOrigin } from '../programs/origin.js';
import { ownEnvironment } from '../programs/own-environment.js';
import { commonDirectory, loadProgramSettings } from '../programs/settings.js';
import { joinPrograms } from '../programs/start-environment.js';
import { type ChildSpec, Supervisor } from '../programs/supervisor.js';
import { banner, type Serving, screen } from './banner.js';
import { addExamples } from './help.js';
import { addSettingFlags, CA_ADDRESS_FLAGS, DIRECTORY_FLAG, givenFlags, WEB_FLAGS } from './options.js';

const FLAGS = [DIRECTORY_FLAG, ...CA_ADDRESS_FLAGS, ...WEB_FLAGS];

/** `upki start`: runs a CA and an RA together, without asking questions. */
export function startCommand(): Command {
  const command = new Command('start').description(
    'Run a CA and an RA on this machine. The first start initialises both without questions.',
  );
  addSettingFlags(command, FLAGS, ['ra', 'ca']);
  addExamples(command, [
    ['upki start', 'Serve ACME on port 8000, with all data in ~/.upki.'],
    ['UPKI_RA_SANS=pki.example.internal upki start', 'Let clients reach the RA by another name as well.'],
    ['upki start -d /srv/pki --web-port 9000', 'Another directory, another port.'],
  ]);
  return command.action(() => start(process.env, givenFlags(command, FLAGS)));
}

const say = (sentence: string) => process.stderr.write(`uPKI: ${sentence}\n`);

/** @throws ConfigError, CannotStart before the programs run; later errors set the exit code */
async function start(env: NodeJS.ProcessEnv, flags: ReturnType<typeof givenFlags>): Promise<void> {
  const dataDir = commonDirectory(env, flags.dataDir);
  const [raDirectory, caDirectory] = [join(dataDir, 'ra'), join(dataDir, 'ca')];
  const ca = loadProgramSettings('ca', env, { ...flags, dataDir: caDirectory });
  const ra = loadProgramSettings('ra', env, { ...flags, dataDir: raDirectory });
  for (const warning of new Set([...ca.warnings, ...ra.warnings])) say(warning);
  await makePrivateFolder(raDirectory);
  await makePrivateFolder(caDirectory);
  lockDirectory(dataDir);
  const installation = { common: dataDir, ca: caDirectory, ra: raDirectory };
  await requireInstallation(installation);
  if (await forgetOldChannelKey(installation)) {
    say('the channel key of the CA has changed since the RA registered: the RA registers again');
  }

  const given = new Map([...ca.given, ...ra.given]);
  const joined = await sayingOrigin(given, () => joinPrograms(env, ra.settings, ca.settings));
  const supervisor = new Supervisor({ say, onGiveUp: (code) => process.exit(code) });
  endOnSignals(supervisor);
  const caStarted = await supervisor.start(program('CA', 'ca', joined.ca)).catch(() => null);
  const serving = caStarted && (await supervisor.start(program('RA', 'ra', joined.ra)).catch(() => null));
  // Null: the supervisor has reported the reason and stops everything.
  if (!serving) return;
  const { allowedNames, externalAccountRequired } = ra.settings;
  const open = allowedNames.length === 0 && !externalAccountRequired;
  await greet(supervisor, installation, {
    directoryUrl: String(serving.directoryUrl),
    rootPath: join(raDirectory, 'ca.crt'),
    open,
  });
}

/** MiB. The RA allocates several MiB of garbage for each certificate; with a young generation of 1 MiB, V8 would copy much of it. */
const YOUNG_GENERATION = { ra: 4, ca: 1 };

/** A child process that runs one program with this same command. */
function program(name: string, command: 'ra' | 'ca', env: NodeJS.ProcessEnv): ChildSpec {
  const module = fileURLToPath(new URL('./main.js', import.meta.url));
  const options = {
    env: { ...SMALL_ALLOCATOR, ...ownEnvironment(env, command) },
    execArgv: [...youngGeneration(YOUNG_GENERATION[command]), ...process.execArgv],
    stdio: 'inherit' as const,
  };
  return { name, fork: () => fork(module, [command, 'start'], options) };
}

async function greet(
  supervisor: Supervisor,
  installation: InstallationFolders,
  serving: Omit<Serving, 'root'>,
): Promise<void> {
  try {
    const root = await readIfThere(serving.rootPath);
    if (root === null) throw new Error(`the RA serves, but ${serving.rootPath} is missing`);
    await noteInstallation(installation, root);
    const greeting = process.stdout.isTTY ? screen : banner;
    process.stdout.write(greeting({ ...serving, root }));
  } catch (error) {
    say(describeError(error));
    await supervisor.stop();
    process.exit(ExitCode.failure);
  }
}

/**
 * Ms between two Ctrl-C of a person. Under npm, one Ctrl-C arrives twice at once, from the terminal and from npm.
 */
const SECOND_THOUGHT = 1000;

function endOnSignals(supervisor: Supervisor): void {
  let askedAt: number | null = null;
  const end = (signal: NodeJS.Signals) => {
    const now = Date.now();
    // A second Ctrl-C exits at once; the children end when this process is gone.
    if (askedAt !== null && signal === 'SIGINT' && now - askedAt > SECOND_THOUGHT)
      process.exit(ExitCode.failure);
    if (askedAt !== null) return;
    askedAt = now;
    say('ending');
    void supervisor.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(signal));
  // Reload the rules without stopping anything.
  process.on('SIGHUP', () => supervisor.signal('SIGHUP'));
}
