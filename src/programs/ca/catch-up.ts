import { KEY_ROUNDS } from '../../ca/folder/keys.js';
import { type RewrapOptions, rewrapNodeKeys } from '../../ca/folder/rewrap.js';
import { learnFormerCompromises } from '../../ca/revoke/former-compromises.js';
import type { CaStore } from '../../store/contract/ca.js';

/** Setting: the keys made for nodes are all encrypted with this many rounds at least. */
const NODE_KEY_ROUNDS = 'node key rounds';

/** Does in the background what older versions did not do; what it returns stops it and waits for the step under way. */
export function catchUp(store: CaStore, clock: () => number, options: RewrapOptions): () => Promise<void> {
  let stopped = false;
  const goesOn = () => !stopped;
  const run = async () => {
    await learnFormerCompromises(store, clock, goesOn);
    if (options.passphrase === null) return;
    if ((await store.getSetting(NODE_KEY_ROUNDS)) === String(KEY_ROUNDS)) return;
    const all = await rewrapNodeKeys(options, goesOn);
    if (all) await store.putSetting(NODE_KEY_ROUNDS, String(KEY_ROUNDS));
  };
  const running = run().catch((error) =>
    options.log.warn(
      { err: error },
      'what an older version left could not all be taken up; the next start goes on',
    ),
  );
  return async () => {
    stopped = true;
    await running;
  };
}
