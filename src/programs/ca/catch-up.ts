import { KEY_ROUNDS } from '../../ca/folder/keys.js';
import { type RewrapOptions, rewrapNodeKeys } from '../../ca/folder/rewrap.js';
import type { CaStore } from '../../store/contract/ca.js';

/** Setting: the keys made for nodes are all encrypted with this many rounds at least. */
const NODE_KEY_ROUNDS = 'node key rounds';

/** Encrypts keys made for nodes anew, which older versions did with fewer rounds. `goesOn` is asked before each step. */
export async function catchUp(store: CaStore, options: RewrapOptions, goesOn: () => boolean): Promise<void> {
  if (options.passphrase === null) return;
  if ((await store.getSetting(NODE_KEY_ROUNDS)) === String(KEY_ROUNDS)) return;
  const all = await rewrapNodeKeys(options, goesOn);
  if (all) await store.putSetting(NODE_KEY_ROUNDS, String(KEY_ROUNDS));
}
