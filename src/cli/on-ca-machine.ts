import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { openLocalStore } from '../ca/local.js';
import { caFolder } from '../programs/ca/folder.js';
import { CannotStart } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import type { AdministratorRecord } from '../store/contract/ca.js';
import type { Actor, CaStore } from '../store/index.js';
import { attributeOf, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import { DIRECTORY_FLAG, givenFlags } from './options.js';

/** What commands on the machine of the CA share: its folder, its store, who runs them. */

/** What the operator should know of the settings is told on standard error. @throws CannotStart */
export async function caFolderOf(command: Command): Promise<string> {
  const { dataDir } = givenFlags(command, [DIRECTORY_FLAG]);
  return caFolder(process.env, dataDir);
}

/** Opens the store of the CA in a folder for some work, whether or not the CA runs. */
export async function withCaStore<T>(dataDir: string, work: (store: CaStore) => Promise<T>): Promise<T> {
  const { settings } = loadProgramSettings('ca', process.env, { dataDir });
  const store = await openLocalStore(dataDir, settings.caDatabaseUrl);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Who runs the command, for the audit log. */
export function operator(): Actor {
  return { who: `operator ${userInfo().username}`, from: 'local' };
}

/** A bare common name stands for the entry that has it. @throws CannotStart when there are several */
export function entryFor(name: string, entries: readonly AdministratorRecord[]): string {
  if (name.includes('=')) return name;
  const cnOf = (text: string) => attributeOf(parseHolder(text), OID.commonName)?.toLowerCase();
  const named = entries.map(({ dn }) => dn).filter((dn) => cnOf(dn) === name.toLowerCase());
  if (named.length > 1) {
    throw new CannotStart(`${name} is the common name of ${named.join(' and of ')}: say which`);
  }
  return named[0] ?? name;
}
