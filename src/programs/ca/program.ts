import { Context } from 'zeromq';
import { openAuthorities } from '../../ca/authorities/open.js';
import { bindDatabase, requireDatabaseFile } from '../../ca/folder/database.js';
import { type CaFiles, loadCaFiles } from '../../ca/folder/load.js';
import { caPaths } from '../../ca/folder/paths.js';
import { rewrapCaKeys } from '../../ca/folder/rewrap.js';
import { ProfileWatch } from '../../ca/issue/profile-watch.js';
import { rememberServed } from '../../ca/local-access.js';
import { RegisteredPeers } from '../../ca/peers/registered-peers.js';
import { restoredIn, restoredSentence } from '../../ca/restored.js';
import { operationsHandlers } from '../../ca/tasks/index.js';
import { registrationKeys } from '../../channel/curve-keys.js';
import { answerer } from '../../channel/dispatch.js';
import { ChannelServer } from '../../channel/server.js';
import { operations } from '../../channel/tasks/index.js';
import { ZapHandler } from '../../channel/zap.js';
import { isShared, openCaStore, pathOf, shownLocation } from '../../store/index.js';
import { fingerprintOf, withColons } from '../../x509/fingerprint.js';
import { openAtStart } from '../database.js';
import { watchLastSeen } from '../last-seen.js';
import { type OnClose, openAll } from '../opened.js';
import { workBehind } from './background.js';
import { CaOptionsError, refuseOpenClear } from './clear-mode.js';
import { type CaOptions, SUCCEED_AT } from './options.js';
import { REGISTRATION, RegistrationSocket, type SeedKeys } from './registration-socket.js';
import { buildServices } from './services.js';
import { checkUsable } from './usable.js';

export interface RunningCa {
  operationsPort: number | null;
  registrationPort: number | null;
  /** Z85, for clients of the operations socket. */
  operationsPublicKey: string;
  /** SHA-256 of the root's DER, upper-case hex with colons. */
  rootFingerprint: string;
  /** Reads the profiles again if their files have changed. Never rejects. */
  reload(): Promise<void>;
  /** Finishes running tasks and the CRL, then closes the database. */
  close(): Promise<void>;
}

/** ZAP domain of the operations socket. */
const OPERATIONS = 'operations';

/**
 * Serves an initialised CA. When a step fails, everything opened before is closed.
 * @throws CaOptionsError, InitError, CaCertificateError, KeyFileError, ProfileError, Error of a port in use
 */
export async function runCa(options: CaOptions): Promise<RunningCa> {
  const { started, close } = await openAll((onClose) => serve(options, onClose));
  return { ...started, close };
}

/** Keys of the registration socket. @throws CaOptionsError naming the file of a seed that is too short for curve mode */
export function seedKeysOf({ seed }: CaFiles, dataDir: string): SeedKeys {
  try {
    return registrationKeys(seed);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CaOptionsError(`${caPaths(dataDir).seed}: ${error.message}`);
  }
}

async function serve(options: CaOptions, onClose: OnClose): Promise<Omit<RunningCa, 'close'>> {
  const { mode, host, log, clock = Date.now } = options;
  refuseOpenClear(options);
  const warn = (sentence: string) => log.warn(sentence);
  const files = await loadCaFiles({ ...options, warn });
  // A seed that is too short for curve mode is reported before anything is opened.
  const seedKeys = mode === 'curve' ? seedKeysOf(files, options.dataDir) : null;
  const location = options.databaseUrl ?? files.database;
  if (!isShared(location)) await requireDatabaseFile(pathOf(location), files.marker, options.dataDir);
  const store = await openAtStart(openCaStore, {
    ...{ variable: 'UPKI_CA_DATABASE_URL', location },
    say: (sentence) => log.error(sentence),
  });
  onClose(() => store.close());
  await bindDatabase({ store, files, dataDir: options.dataDir, location: shownLocation(location), warn });
  const seen =
    options.operationsPort === null
      ? null
      : await watchLastSeen({ store, directory: options.dataDir, location, clock, log });
  if (seen !== null) onClose(() => seen.stop());

  const restored = await restoredIn(store);
  if (restored !== null) log.warn(restoredSentence(restored));
  await rememberServed(store, options);

  let operationsSocket: ChannelServer | null = null;
  let registrationSocket: RegistrationSocket | null = null;
  const peers = new RegisteredPeers(store, () => {
    operationsSocket
      ?.dropPeers()
      .catch((error) => log.fatal({ err: error }, 'the operations socket is gone'));
  });
  await peers.watch((error) => log.error({ err: error }, 'it is not known whether a peer was shut out'));
  onClose(() => peers.stop());
  // One process at a time serves operations from a folder: it alone writes there.
  if (options.operationsPort !== null) await rewrapCaKeys(options);
  const { set, succession } = await openAuthorities(store, files, {
    dataDir: options.dataDir,
    passphrase: options.passphrase,
    publicUrl: options.publicUrl,
    shared: options.databaseUrl !== null,
    ...(options.places && { places: options.places }),
    succeedAt: options.succeedAt ?? SUCCEED_AT,
    clock,
    log,
  });
  set.watch();
  onClose(() => set.stop());
  const { services, signers } = buildServices(options, files, store, peers, set, {
    restored: restored !== null,
    behind: () => seen?.behind() ?? null,
  });
  await services.administrators.bindNamed();
  const profiles = await ProfileWatch.start({
    folder: files.profiles,
    company: options.company,
    use: (read) => services.certifier.useProfiles(read),
    log,
  });
  onClose(() => profiles.stop());
  if (options.operationsPort !== null) {
    await succession.start();
    onClose(() => succession.stop());
    onClose(workBehind(store, set, clock, options));
  }
  const isUsable = checkUsable(set, clock(), log);
  await services.crls.start();
  onClose(() => services.crls.stop());
  services.figures.start();
  onClose(() => services.figures.stop());
  // One process at a time serves operations from a folder: it alone writes the responder's file.
  if (options.operationsPort !== null && isUsable) await signers.of(set.active);

  const context = new Context({ blocky: false });
  if (seedKeys !== null) {
    const zap = ZapHandler.start(context);
    zap.admit(OPERATIONS, (key) => peers.admits(key));
    zap.admit(REGISTRATION, (key) => registrationSocket?.admits(key) ?? false);
    onClose(() => zap.close());
  }
  const failed = (error: unknown, task: string) => log.error({ err: error, task }, 'a task failed');

  if (options.operationsPort !== null) {
    operationsSocket = await ChannelServer.listen({
      host,
      port: options.operationsPort,
      context,
      answer: answerer(operations, operationsHandlers(services), failed),
      security:
        seedKeys === null
          ? { mode: 'clear' }
          : { mode: 'curve', secretKey: files.channel.secretKey, zapDomain: OPERATIONS },
    });
    onClose(() => operationsSocket?.close());
  }
  const operationsPort = operationsSocket?.port ?? null;
  let registrationPort: number | null = null;
  if (options.registrationPort !== null) {
    const settings = {
      mode,
      operationsPublicKey: files.channel.publicKey,
      operationsPort: operationsPort ?? Math.max(0, options.registrationPort - 1),
    };
    registrationSocket = await RegistrationSocket.listen({
      ...{ host, port: options.registrationPort, context, services, settings, keys: seedKeys, failed, log },
      seedFile: options.seed === null ? caPaths(options.dataDir).seed : null,
    });
    onClose(() => registrationSocket?.close());
    registrationPort = registrationSocket.port;
  }
  log.info({ host, operationsPort, registrationPort, mode }, 'the CA listens');
  return {
    reload: () => profiles.look(),
    operationsPort,
    registrationPort,
    operationsPublicKey: files.channel.publicKey,
    rootFingerprint: withColons(fingerprintOf(files.root)),
  };
}
