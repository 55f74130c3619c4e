import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { CaStore } from '../../store/index.js';
import type { CaFiles } from '../folder/files.js';
import { IN_FILES, type KeyPlaces } from '../folder/signing-key.js';
import { takeUpFolder } from './first.js';
import { Keyring } from './keyring.js';
import { RootRollover } from './root-rollover.js';
import { AuthoritySet } from './set.js';
import { Succession } from './succession.js';

interface AuthoritiesOptions {
  dataDir: string;
  /** Opens keys that are encrypted at rest. */
  passphrase: string | null;
  /** Base of the plain-HTTP URLs in certificates; null: the URL that an RA reported. */
  publicUrl: string | null;
  /** Other CAs, with folders of their own, may be on the store. */
  shared: boolean;
  /** Where new keys are made; in files by default. */
  places?: KeyPlaces;
  succeedAt: number;
  clock: () => number;
  log: Logger;
}

/** The roots and issuers of a CA, and the parts that make new ones. Used by the CA's process and by commands on its machine. */
export interface OpenAuthorities {
  keys: Keyring;
  set: AuthoritySet;
  succession: Succession;
  roots: RootRollover;
}

/** @throws InitError */
export async function openAuthorities(
  store: CaStore,
  files: CaFiles,
  options: AuthoritiesOptions,
): Promise<OpenAuthorities> {
  const { dataDir, passphrase, publicUrl, shared, succeedAt, clock, log, places = IN_FILES } = options;
  await takeUpFolder(store, files, clock());
  const keys = new Keyring({ dataDir, passphrase, places, channelSecret: files.channel.secretKey, shared });
  const set = await AuthoritySet.open({ store, keys, publicUrl, clock, log });
  const common = { store, set, keys, clock, random: randomBytes };
  const succession = new Succession({ ...common, succeedAt, log });
  return { keys, set, succession, roots: new RootRollover({ ...common, succession }) };
}
