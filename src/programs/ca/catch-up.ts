import { KEY_ROUNDS } from '../../ca/folder/keys.js';
import { type RewrapOptions, rewrapNodeKeys } from '../../ca/folder/rewrap.js';
import type { CaStore } from '../../store/contract/ca.js';

/** The setting in the database with the number of rounds with which all keys generated for nodes are encrypted. */
const NODE_KEY_ROUNDS = 'node key rounds';

/** Encrypts keys of nodes again that older versions encrypted with fewer rounds. @param goesOn checked before each step */
export async function catchUp(store: CaStore, options: RewrapOptions, goesOn: () => boolean): Promise<void> {
  if (options.passphrase === null) return;
  if ((await store.getSetting(NODE_KEY_ROUNDS)) === String(KEY_ROUNDS)) return;
  const all = await rewrapNodeKeys(options, goesOn);
  if (all) await store.putSetting(NODE_KEY_ROUNDS, String(KEY_ROUNDS));
}
