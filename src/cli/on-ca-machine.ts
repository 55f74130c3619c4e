import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { pino } from 'pino';
import { type OpenAuthorities, openAuthorities } from '../ca/authorities/open.js';
import { loadCaFiles } from '../ca/folder/files.js';
import type { KeyPlaces } from '../ca/folder/signing-key.js';
import { openLocalStore, servedUrl } from '../ca/local-access.js';
import { useTokenPin } from '../ca/token/tokens.js';
import { caFolder } from '../programs/ca/folder.js';
import { keyPlaces, mendable } from '../programs/ca/start.js';
import { CommandRefused } from '../programs/exit.js';
import { type LoadedProgram, loadProgramSettings } from '../programs/settings.js';
import type { AdministratorRecord } from '../store/contract/ca.js';
import type { Actor, CaStore } from '../store/index.js';
import { attributeOf, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import { DIRECTORY_FLAG, type Flag, givenFlags } from './options.js';

/** Helpers of commands on the CA's machine: its folder, its store, and the user who runs them. */

/** The settings of a command that makes or serves a CA; warnings go to standard error. */
export function loadCa(command: Command, flags: Flag[]): LoadedProgram {
  const loaded = loadProgramSettings('ca', process.env, givenFlags(command, flags));
  // `upki start` has already printed these warnings.
  if (!process.send) for (const warning of loaded.warnings) process.stderr.write(`uPKI: ${warning}\n`);
  return loaded;
}

/** Finds the CA's folder and prints warnings about the settings to standard error. @throws CannotStart */
export async function caFolderOf(command: Command): Promise<string> {
  const { dataDir } = givenFlags(command, [DIRECTORY_FLAG]);
  return caFolder(process.env, dataDir);
}

/** Opens the CA's store for some work, whether or not the CA runs. */
export async function withCaStore<T>(dataDir: string, work: (store: CaStore) => Promise<T>): Promise<T> {
  const { settings } = loadProgramSettings('ca', process.env, { dataDir });
  useTokenPin(settings.caTokenPin);
  const store = await mendable(() => openLocalStore(dataDir, settings.caDatabaseUrl));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
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
  command: Command,
  work: (local: OpenAuthorities, store: CaStore, context: LocalContext) => Promise<void>,
): Promise<void> {
  const dataDir = await caFolderOf(command);
  const { settings } = loadProgramSettings('ca', process.env, { dataDir });
  const passphrase = settings.caPassphrase;
  const succeedAt = settings.caSucceedAt / 100;
  const places = keyPlaces(settings);
  await withCaStore(dataDir, (store) =>
    mendable(async () => {
      const files = await loadCaFiles({ dataDir, passphrase, seed: null });
      const local = await openAuthorities(store, files, {
        dataDir,
        passphrase,
        publicUrl: await servedUrl(store, settings.caPublicUrl),
        shared: settings.caDatabaseUrl !== null,
        places,
        succeedAt,
        clock: Date.now,
        log: pino({ level: 'silent' }),
      });
      await work(local, store, { dataDir, passphrase, succeedAt, places });
    }),
  );
}

/** The user who runs the command, for the audit log. */
export function operator(): Actor {
  return { who: `operator ${userInfo().username}`, from: 'local' };
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
