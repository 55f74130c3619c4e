import { pino } from 'pino';
import type { OpenAuthorities } from '../ca/authorities/open.js';
import type { KeyPlaces } from '../ca/folder/signing-key.js';
import type { Certifier } from '../ca/issue/certifier.js';
import { openLocalCa, openLocalStore } from '../ca/local-access.js';
import { useTokenPin } from '../ca/token/tokens.js';
import { caFolder } from '../programs/ca/folder.js';
import { openLocalAuthorities } from '../programs/ca/local-authorities.js';
import { keyPlaces, mendable } from '../programs/ca/start.js';
import { CommandRefused } from '../programs/exit.js';
import { type LoadedProgram, loadProgramSettings } from '../programs/settings.js';
import { userName } from '../programs/user-name.js';
import type { AdministratorRecord } from '../store/contract/ca.js';
import type { Actor, CaStore } from '../store/index.js';
import { attributeOf, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import type { UpkiCommand } from './command.js';
import { warn } from './print.js';

/** Helpers of commands on the CA's machine: its folder, its store, and the user who runs them. */

/** The settings of a command that makes or serves a CA; warnings go to standard error. */
export function loadCa(command: UpkiCommand): LoadedProgram {
  const loaded = loadProgramSettings('ca', process.env, command.given());
  // `upki start` has already printed these warnings.
  if (!process.send) loaded.warnings.forEach(warn);
  return loaded;
}

/** The folder of the CA in the directory of a command. @throws CannotStart without a CA */
export const caFolderOf = (command: UpkiCommand): Promise<string> =>
  caFolder(process.env, command.given().dataDir);

/**
 * Opens the store of the CA on this machine for some work, whether or not the CA runs.
 * @throws CannotStart without a CA, or when its database cannot be opened
 */
export async function withCaStore<T>(
  command: UpkiCommand,
  work: (store: CaStore, dataDir: string) => Promise<T>,
): Promise<T> {
  const dataDir = await caFolderOf(command);
  const { settings } = loadProgramSettings('ca', process.env, { dataDir });
  useTokenPin(settings.caTokenPin);
  const store = await mendable(() => openLocalStore(dataDir, settings.caDatabaseUrl));
  try {
    return await work(store, dataDir);
  } finally {
    await store.close();
  }
}

/**
 * Opens the issuer in use, to issue certificates or to record them. The settings are those of the CA's own file and of the
 * environment, because the CA may never have served.
 * @throws CannotStart
 */
export function openCertifier(store: CaStore, dataDir: string): Promise<Certifier> {
  const { settings, given } = loadProgramSettings('ca', process.env, { dataDir });
  return mendable(() =>
    openLocalCa(store, {
      dataDir,
      databaseUrl: settings.caDatabaseUrl,
      passphrase: settings.caPassphrase,
      publicUrl: settings.caPublicUrl,
      company: given.has('caCompany') ? settings.caCompany : null,
      clock: Date.now,
      shared: settings.caDatabaseUrl !== null,
      log: pino({ level: 'silent' }),
    }),
  );
}

/** The CA on this machine. */
export interface LocalContext {
  dataDir: string;
  passphrase: string | null;
  /** The part of an issuer's lifetime after which its successor is due. */
  succeedAt: number;
  /** Where new keys are made. */
  places: KeyPlaces;
}

/**
 * Runs work on the roots and issuers of the CA on this machine, whether it runs or not.
 * @throws CannotStart
 */
export async function withLocalSet(
  command: UpkiCommand,
  work: (local: OpenAuthorities, store: CaStore, context: LocalContext) => Promise<void>,
): Promise<void> {
  await withCaStore(command, (store, dataDir) =>
    mendable(async () => {
      const { settings } = loadProgramSettings('ca', process.env, { dataDir });
      const local = await openLocalAuthorities(store, settings);
      const { caPassphrase: passphrase, caSucceedAt } = settings;
      const places = keyPlaces(settings);
      await work(local, store, { dataDir, passphrase, succeedAt: caSucceedAt / 100, places });
    }),
  );
}

/** The user who runs the command, for the audit log. */
export function operator(): Actor {
  return { who: `operator ${userName()}`, from: 'local' };
}

/** Finds an entry by its DN, or by a bare common name. @throws CommandRefused when several entries have the common name */
export function entryFor(name: string, entries: readonly AdministratorRecord[]): string {
  if (name.includes('=')) return name;
  const cnOf = (text: string) => attributeOf(parseHolder(text), OID.commonName)?.toLowerCase();
  const named = entries.map(({ dn }) => dn).filter((dn) => cnOf(dn) === name.toLowerCase());
  if (named.length > 1) {
    throw new CommandRefused(`${name} is the common name of ${named.join(' and of ')}: give the whole DN`);
  }
  return named[0] ?? name;
}
