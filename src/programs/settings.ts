import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { MIN_SEED_LENGTH } from '../channel/curve-keys.js';
import {
  ConfigError,
  type Loaded,
  loadSettings,
  type Program,
  type SettingName,
  type Settings,
} from '../config/index.js';
import { shellWord } from '../lib/shell-word.js';
import { isShared } from '../store/contract/location.js';
import { CannotStart } from './exit.js';
import { withOrigin } from './origin.js';

/** The settings of one program with everything computed that depends on others. */
export interface ProgramSettings extends Settings {
  dataDir: string;
  /** The address a CA listens on: the first of `caHost`, which is the only one for a CA. */
  caListen: string;
  caRegistrationPort: number;
}

export interface LoadedProgram {
  settings: ProgramSettings;
  given: ReadonlyMap<SettingName, string>;
  warnings: string[];
}

/** The name of each program's own file in its data directory. */
const FILES: Record<Program, string> = { ra: 'config.json', ca: 'ca.config.yml' };

const SHARED_FILE = 'upki.yml';

/** @throws CannotStart for a user without a home, as containers have them */
function userDirectory(): string {
  try {
    // An empty HOME would mean the working directory.
    return join(homedir() || userInfo().homedir, '.upki');
  } catch {
    throw new CannotStart('this user has no home directory: set UPKI_DATA_DIR to the folder for the data');
  }
}

/** The data directory. It is found before any file is read, because the files are in it. */
function directory(env: NodeJS.ProcessEnv, flag: string | undefined, fallback: () => string): string {
  if (flag === '')
    throw new ConfigError(['UPKI_DATA_DIR (from the command line) is "": it must be a path'], true);
  const path = flag ?? (env.UPKI_DATA_DIR || fallback());
  return isAbsolute(path) ? path : resolve(path);
}

/** The data directory of `upki start`, with a folder for each program. */
export function commonDirectory(env: NodeJS.ProcessEnv, flag?: string): string {
  return directory(env, flag, userDirectory);
}

/**
 * The path of the file of both programs: the configured one, else `upki.yml` in the data directory, else the one beside the folders
 * `ra` and `ca` of `upki start`.
 */
function sharedFile(env: NodeJS.ProcessEnv, flag: string | undefined, dataDir: string): string {
  const named = flag ?? env.UPKI_CONFIG;
  if (named) return resolve(named);
  const own = join(dataDir, SHARED_FILE);
  if (existsSync(own) || !['ra', 'ca'].includes(basename(dataDir))) return own;
  return join(dirname(dataDir), SHARED_FILE);
}

/**
 * Reads the settings of one program.
 * @throws ConfigError
 */
export function loadProgramSettings(
  program: Program,
  env: NodeJS.ProcessEnv,
  flags: Partial<Record<SettingName, string>> = {},
): LoadedProgram {
  const dataDir = directory(env, flags.dataDir, () => join(userDirectory(), program));
  const shared = sharedFile(env, flags.configFile, dataDir);
  const loaded = loadSettings({ program, env, flags, shared, file: join(dataDir, FILES[program]) });
  const settings = { ...loaded.settings, raPort: portOf(loaded) };
  const complaints = contradictions(program, settings, dataDir);
  if (complaints.length > 0) throw new ConfigError(complaints.map((each) => withOrigin(each, loaded.given)));
  const { caPort } = settings;
  const caRegistrationPort = settings.caRegistrationPort ?? (caPort === 0 ? 0 : caPort + 1);
  const caListen = settings.caHost[0]?.host ?? '';
  return { ...loaded, settings: { ...settings, dataDir, caRegistrationPort, caListen } };
}

/** The port to listen on: UPKI_RA_PORT, else the port in UPKI_RA_URL unless a proxy terminates TLS. */
function portOf({ settings: { raPort, raUrl, raTls }, given }: Loaded): number {
  const { port } = new URL(raUrl ?? 'https://any');
  return given.has('raPort') || !raTls || port === '' ? raPort : Number(port);
}

/** Complaints about settings that contradict each other. */
function contradictions(program: Program, settings: Settings, dataDir: string): string[] {
  const complaints: string[] = [];
  const { caPort, caRegistrationPort } = settings;
  if (caRegistrationPort === null && caPort === 65535) {
    complaints.push(
      'UPKI_CA_PORT is 65535: the registration port would be one more; set UPKI_CA_REGISTRATION_PORT',
    );
  }
  if (caRegistrationPort === caPort && caPort !== 0) {
    complaints.push(`UPKI_CA_REGISTRATION_PORT is ${caPort}: it must differ from UPKI_CA_PORT`);
  }
  if (settings.zmqMode === 'curve' && settings.caSeed !== null && settings.caSeed.length < MIN_SEED_LENGTH) {
    complaints.push(
      `UPKI_CA_SEED has ${settings.caSeed.length} characters: curve mode needs ${MIN_SEED_LENGTH} random ones or more (128 bits)`,
    );
  }
  const [first, ...others] = settings.caHost;
  if (first === undefined) complaints.push('UPKI_CA_HOST names no host');
  if (settings.caHost.some(({ port }) => port === 65535)) {
    complaints.push('UPKI_CA_HOST has the port 65535: the registration port would be one more');
  }
  if (program === 'ca' && (others.length > 0 || (first?.port ?? null) !== null)) {
    complaints.push(
      'UPKI_CA_HOST must be one host for a CA, the address it listens on; its ports are UPKI_CA_PORT and UPKI_CA_REGISTRATION_PORT',
    );
  }
  if (program === 'ca') return complaints;
  if (settings.raHttp && settings.raPort === settings.raHttpPort && settings.raPort !== 0) {
    complaints.push(`UPKI_RA_HTTP_PORT is ${settings.raPort}: it must differ from UPKI_RA_PORT`);
  }
  complaints.push(...pagesComplaints(settings), ...workersComplaints(settings, dataDir));
  if (!settings.raTls && settings.raUrl === null) {
    complaints.push(
      'UPKI_RA_TLS is false: UPKI_RA_URL must then say under which https URL the proxy serves the RA',
    );
  }
  if (settings.smtpUrl === null && settings.notify.some((target) => target.startsWith('mailto:'))) {
    complaints.push(
      'UPKI_NOTIFY has a mail address: UPKI_SMTP_URL must then say which server takes the mail',
    );
  }
  if (settings.notifySecret === null && settings.notify.some((target) => target.startsWith('http'))) {
    complaints.push('UPKI_NOTIFY has a webhook: UPKI_NOTIFY_SECRET must then hold the secret that signs it');
  }
  return complaints;
}

/** Several workers of an RA are replicas, and have the requirements of replicas. */
function workersComplaints(settings: Settings, dataDir: string): string[] {
  const { raWorkers, databaseUrl, zmqMode, metrics } = settings;
  if (raWorkers === 1) return [];
  const from = databaseUrl ?? `sqlite:${join(dataDir, 'acme.db')}`;
  return [
    ...(isShared(from)
      ? []
      : [
          `UPKI_RA_WORKERS is ${raWorkers}: SQLite has one writer, so several workers would wait for each other; they need PostgreSQL. ` +
            `Stop uPKI, move its data with \`upki store copy --from ${shellWord(from)} --to postgres://USER:PASSWORD@HOST/DATABASE\`, ` +
            'and set UPKI_DATABASE_URL to that database',
        ]),
    ...(zmqMode === 'clear'
      ? [
          `UPKI_RA_WORKERS is ${raWorkers}: several workers need UPKI_ZMQ_MODE=curve, in which the CA gives all RAs one secret`,
        ]
      : []),
    ...(metrics !== null && metrics.port > 0 && metrics.port + raWorkers - 1 > 65535
      ? [`UPKI_METRICS has the port ${metrics.port}: ${raWorkers} workers need as many ports from there on`]
      : []),
  ];
}

function pagesComplaints({ raTls, raPagesPort, raPort, raHttp, raHttpPort }: Settings): string[] {
  if (raPagesPort === null) return [];
  const taken = { UPKI_RA_PORT: raPort, ...(raHttp && { UPKI_RA_HTTP_PORT: raHttpPort }) };
  return [
    ...(raTls
      ? []
      : ['UPKI_RA_PAGES_PORT needs UPKI_RA_TLS: where a proxy does TLS, the proxy asks or does not']),
    ...Object.entries(taken)
      .filter(([, port]) => port === raPagesPort && port !== 0)
      .map(([name]) => `UPKI_RA_PAGES_PORT is ${raPagesPort}: it must differ from ${name}`),
  ];
}
