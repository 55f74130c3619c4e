import { join } from 'node:path';
import { makePrivateFolder, readIfThere } from '../lib/files.js';
import {
  forgetOldChannelKey,
  type InstallationFolders,
  noteInstallation,
  requireInstallation,
} from '../programs/installation.js';
import { sayingOrigin } from '../programs/origin.js';
import { ownEnvironment } from '../programs/own-environment.js';
import { commonDirectory, loadProgramSettings } from '../programs/settings.js';
import { joinPrograms } from '../programs/start-environment.js';
import { banner, type Serving, screen } from './banner.js';
import { CA_ADDRESS_FLAGS, DIRECTORY_FLAG, UpkiCommand, WEB_FLAGS } from './command.js';
import { print, warn } from './print.js';
import type { Answer, Request } from './supervise.js';

const FLAGS = [DIRECTORY_FLAG, ...CA_ADDRESS_FLAGS, ...WEB_FLAGS];

/** `upki start`: runs a CA and an RA together, without asking questions. Needs the supervisor (supervise.ts) as its parent. */
export function startCommand(): UpkiCommand {
  const command = new UpkiCommand('start')
    .description('Run a CA and an RA on this machine. The first start initialises both without questions.')
    .settings(['ra', 'ca'], FLAGS)
    .examples([
      ['upki start', 'Serve ACME on port 8000, with all data in ~/.upki.'],
      ['UPKI_RA_SANS=pki.example.internal upki start', 'Let clients reach the RA by another name as well.'],
      ['upki start -d /srv/pki --web-port 9000', 'Another directory, another port.'],
    ]);
  return command.action(() => start(process.env, command.given()));
}

/**
 * Prepares both programs, has the supervisor run them, and greets when they serve.
 * @throws ConfigError, CannotStart
 */
async function start(env: NodeJS.ProcessEnv, flags: ReturnType<UpkiCommand['given']>): Promise<void> {
  const dataDir = commonDirectory(env, flags.dataDir);
  const [raDirectory, caDirectory] = [join(dataDir, 'ra'), join(dataDir, 'ca')];
  const ca = loadProgramSettings('ca', env, { ...flags, dataDir: caDirectory });
  const ra = loadProgramSettings('ra', env, { ...flags, dataDir: raDirectory });
  for (const warning of new Set([...ca.warnings, ...ra.warnings])) warn(warning);
  await makePrivateFolder(raDirectory);
  await makePrivateFolder(caDirectory);
  await ask({ lock: dataDir });
  const installation = { common: dataDir, ca: caDirectory, ra: raDirectory };
  await requireInstallation(installation);
  if (await forgetOldChannelKey(installation)) {
    warn('the channel key of the CA has changed since the RA registered: the RA registers again');
  }

  const given = new Map([...ca.given, ...ra.given]);
  const joined = await sayingOrigin(given, () => joinPrograms(env, ra.settings, ca.settings));
  // Ctrl-C and service managers signal every process. The supervisor decides in which order they end.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const { directoryUrl } = await ask({
    run: { ca: ownEnvironment(joined.ca, 'ca'), ra: ownEnvironment(joined.ra, 'ra') },
  });
  const { allowedNames, externalAccountRequired } = ra.settings;
  const open = allowedNames.length === 0 && !externalAccountRequired;
  await greet(installation, { directoryUrl, rootPath: join(raDirectory, 'ca.crt'), open });
}

/** Sends a request to the supervisor; resolves with its answer. Never resolves if the supervisor cannot do it. */
function ask<K extends keyof Answer>(request: Pick<Request, K>): Promise<Answer[K]> {
  return new Promise((resolve) => {
    process.once('message', (answer) => resolve(answer as Answer[K]));
    process.send?.(request);
  });
}

async function greet(installation: InstallationFolders, serving: Omit<Serving, 'root'>): Promise<void> {
  const root = await readIfThere(serving.rootPath);
  if (root === null) throw new Error(`the RA serves, but ${serving.rootPath} is missing`);
  await noteInstallation(installation, root);
  const greeting = process.stdout.isTTY ? screen : banner;
  print(greeting({ ...serving, root }));
}
