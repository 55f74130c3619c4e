import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { openAuthorities } from '../../ca/authorities/open.js';
import { RolloverError } from '../../ca/authorities/succession.js';
import type { MadeAnew } from '../../ca/folder/anew.js';
import { bindDatabase, isUsed, requireDatabaseFile } from '../../ca/folder/database.js';
import { type InitOptions, initCaFiles } from '../../ca/folder/files.js';
import { InitError } from '../../ca/folder/init-error.js';
import { CaCertificateError } from '../../ca/folder/issuer-certificates.js';
import { KeyFileError } from '../../ca/folder/keys.js';
import { type CaFiles, readMarker } from '../../ca/folder/load.js';
import { caPaths } from '../../ca/folder/paths.js';
import type { KeyPlaces } from '../../ca/folder/signing-key.js';
import { loadProfiles, ProfileError } from '../../ca/issue/profiles.js';
import { useTokenPin } from '../../ca/token/tokens.js';
import { TaskError } from '../../channel/errors.js';
import { formatDuration } from '../../config/index.js';
import { makePrivateFolder, readIfThere, writeDurably } from '../../lib/files.js';
import { DAY } from '../../lib/time.js';
import { type CaStore, isShared, openCaStore, pathOf, shownLocation } from '../../store/index.js';
import type { Running } from '../child.js';
import { openAtStart } from '../database.js';
import { CannotStart } from '../exit.js';
import { behindBy } from '../last-seen.js';
import { lockDirectory } from '../lock.js';
import { portProblem } from '../ports.js';
import type { LoadedProgram, ProgramSettings } from '../settings.js';
import { CaOptionsError } from './clear-mode.js';
import { runCa, seedKeysOf } from './program.js';
import { checkUsable } from './usable.js';

type LoadedCa = Pick<LoadedProgram, 'settings' | 'given'>;

/** Which of its two sockets a CA process serves. */
export type Sockets = 'operations' | 'registration' | 'both';

export interface InitChoices {
  /** Holds the passphrase of an imported key. */
  passwordFile?: string | undefined;
  /** The parts of an existing CA that the operator wants to replace. */
  anew?: readonly MadeAnew[] | undefined;
  warn?: (sentence: string) => void;
}

/**
 * Initialises a CA, or completes an interrupted initialisation. In a complete CA only the parts that `choices` name are made again.
 * @throws CannotStart
 */
export async function initCa(loaded: LoadedCa, choices: InitChoices = {}): Promise<CaFiles> {
  const files = await mendable(async () =>
    initCaFiles({
      ...(await caInitOptions(loaded, choices)),
      anew: choices.anew ?? [],
      ...(choices.warn && { warn: choices.warn }),
    }),
  );
  await writeConfigFile(loaded);
  return files;
}

/** The options of an initialisation from the settings. @throws CannotStart */
export async function caInitOptions(
  { settings }: LoadedCa,
  { passwordFile, warn = () => {} }: InitChoices = {},
): Promise<InitOptions> {
  const { dataDir, caKeyFile: keyFile, caCertFile: certFile, caPassphrase: passphrase } = settings;
  if ((keyFile === null) !== (certFile === null)) {
    throw new CannotStart(
      'a CA is imported with both its key and its certificate: UPKI_CA_KEY_FILE and UPKI_CA_CERT_FILE',
    );
  }
  let imported: InitOptions['imported'] = null;
  if (keyFile !== null && certFile !== null) {
    const password =
      passwordFile === undefined ? passphrase : (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
    imported = { keyFile, certFile, passphrase: password };
  }
  return {
    dataDir,
    company: settings.caCompany,
    keyType: settings.caKeyType,
    passphrase,
    imported,
    seed: settings.caSeed,
    publicUrl: settings.caPublicUrl,
    permit: settings.caPermit,
    places: keyPlaces(settings),
    permitOnRoot: settings.caPermitOnRoot,
    clock: Date.now,
    existed: await hadDatabase(settings, warn),
  };
}

/** Where new keys are made. Also sets the PIN of their tokens. */
export function keyPlaces({ caRootKey, caIssuerKey, caOcspKey, caTokenPin }: ProgramSettings): KeyPlaces {
  useTokenPin(caTokenPin);
  return { root: caRootKey, issuer: caIssuerKey, ocsp: caOcspKey };
}

/** The steps after a CA was initialised. @throws CannotStart */
export async function completeCa(loaded: LoadedCa, files: CaFiles): Promise<void> {
  await writeConfigFile(loaded);
  await checkCa(loaded, files);
}

/** Whether a CA has used the database, for a folder without a marker. */
async function hadDatabase(
  { dataDir, caDatabaseUrl }: ProgramSettings,
  say: (sentence: string) => void,
): Promise<boolean> {
  if ((await readMarker(caPaths(dataDir).marker)) !== null) return false;
  const location = caDatabaseUrl ?? caPaths(dataDir).database;
  if (!isShared(location)) await requireDatabaseFile(pathOf(location), null, dataDir);
  if (!isShared(location) && !existsSync(pathOf(location))) return false;
  const store = await openAtStart(openCaStore, { variable: 'UPKI_CA_DATABASE_URL', location, say });
  try {
    return await isUsed(store);
  } finally {
    await store.close();
  }
}

/**
 * Checks what a start would check except for the ports: the profiles, the seed, and that the database is usable and belongs to this CA.
 * @throws CannotStart
 */
export async function checkCa({ settings, given }: LoadedCa, files: CaFiles): Promise<void> {
  const { dataDir, caDatabaseUrl, zmqMode } = settings;
  await mendable(async () => {
    await loadProfiles(files.profiles, given.has('caCompany') ? settings.caCompany : null);
    if (zmqMode === 'curve') seedKeysOf({ ...files, seed: settings.caSeed ?? files.seed }, dataDir);
    const location = caDatabaseUrl ?? files.database;
    if (!isShared(location)) await requireDatabaseFile(pathOf(location), files.marker, dataDir);
    const store = await openCaStore(location);
    try {
      // The first start binds the database. Until then it is empty, and another one may be configured.
      if (files.marker?.database === true) {
        await bindDatabase({ store, files, dataDir, location: shownLocation(location) });
        await checkKeys(settings, files, store);
      }
      const behind = await behindBy({ store, directory: dataDir, location });
      if (behind !== null) throw new CannotStart(behind);
    } finally {
      await store.close();
    }
  });
}

/** Checks that the key of the issuer in use is here. @throws TaskError naming the key */
async function checkKeys(settings: ProgramSettings, files: CaFiles, store: CaStore): Promise<void> {
  const { dataDir, caPassphrase: passphrase, caPublicUrl: publicUrl, caDatabaseUrl } = settings;
  const silent = pino({ level: 'silent' });
  const options = { dataDir, passphrase, publicUrl, shared: caDatabaseUrl !== null, clock: Date.now };
  const { set } = await openAuthorities(store, files, {
    ...{ ...options, places: keyPlaces(settings), succeedAt: settings.caSucceedAt / 100, log: silent },
  });
  checkUsable(set, Date.now(), silent);
}

/** Writes the settings of the initialisation to the CA's file, once. */
async function writeConfigFile({ settings, given }: LoadedCa): Promise<void> {
  const path = join(settings.dataDir, 'ca.config.yml');
  if ((await readIfThere(path)) !== null) return;
  const company = `company: ${JSON.stringify(settings.caCompany)}`;
  const lines = [
    '# Settings of this CA. A flag or an environment variable goes before what stands here.',
    given.has('caCompany') ? company : `# ${company}`,
    `key_type: ${settings.caKeyType}`,
    `crl_validity: ${crlValidity(settings)}`,
  ];
  await writeDurably(path, `${lines.join('\n')}\n`, 0o600);
}

/** A whole number of days, which older versions read too, if possible. */
function crlValidity({ crlValidity }: LoadedCa['settings']): string {
  return crlValidity % DAY === 0 ? String(crlValidity / DAY) : formatDuration(crlValidity);
}

/**
 * Serves an initialised CA; with `init`, initialises it first. Only one process serves operations from a directory; another one may
 * serve registrations.
 * @throws CannotStart
 */
export async function startCa(
  loaded: LoadedCa,
  log: Logger,
  sockets: Sockets,
  init: boolean,
): Promise<Running> {
  const { settings, given } = loaded;
  await makePrivateFolder(settings.dataDir);
  const unlock = sockets === 'registration' ? () => undefined : lockDirectory(settings.dataDir);
  try {
    if (init) await initCa(loaded, { warn: (sentence) => log.warn(sentence) });
    const ca = await mendable(() =>
      runCa({
        dataDir: settings.dataDir,
        host: settings.caListen,
        operationsPort: sockets === 'registration' ? null : settings.caPort,
        registrationPort: sockets === 'operations' ? null : settings.caRegistrationPort,
        mode: settings.zmqMode,
        clearAny: settings.zmqClearAny,
        seed: settings.caSeed,
        databaseUrl: settings.caDatabaseUrl,
        passphrase: settings.caPassphrase,
        places: keyPlaces(settings),
        company: given.has('caCompany') ? settings.caCompany : null,
        publicUrl: settings.caPublicUrl,
        adminsByRa: settings.caAdminsByRa,
        crlValidity: settings.crlValidity,
        ocspValidity: settings.ocspValidity,
        succeedAt: settings.caSucceedAt / 100,
        keep: { certificates: settings.keepCertificates || null, audit: settings.keepAudit || null },
        log,
      }),
    );
    const { close, reload, ...info } = ca;
    return {
      info,
      reload,
      stop: async () => {
        await close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw inUse(error, settings, sockets);
  }
}

const MENDABLE = [
  TaskError,
  RolloverError,
  InitError,
  CaCertificateError,
  KeyFileError,
  ProfileError,
  CaOptionsError,
];

/** Turns errors that the operator can fix into CannotStart: no stack trace, no restart. Errors of the file system stay (see exit.ts). */
export async function mendable<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (MENDABLE.some((kind) => error instanceof kind))
      throw new CannotStart((error as Error).message, { cause: error });
    throw error;
  }
}

/** Names the port to change when one is taken. */
function inUse(error: unknown, settings: ProgramSettings, sockets: Sockets): unknown {
  if (!(error instanceof Error) || !error.message.startsWith('cannot listen on ')) return error;
  const { caListen: host, caPort, caRegistrationPort } = settings;
  const registers = sockets === 'registration' || error.message.includes(`:${caRegistrationPort}:`);
  return portProblem(
    error.cause,
    registers
      ? {
          what: 'registrations at the CA',
          host,
          port: caRegistrationPort,
          variable: 'UPKI_CA_REGISTRATION_PORT',
        }
      : { what: 'the CA', host, port: caPort, variable: 'UPKI_CA_PORT' },
  );
}
