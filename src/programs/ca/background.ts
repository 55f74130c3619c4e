import type { AuthoritySet } from '../../ca/authorities/set.js';
import type { RewrapOptions } from '../../ca/folder/rewrap.js';
import { CaRetention } from '../../ca/retention.js';
import { learnFormerCompromises } from '../../ca/revoke/former-compromises.js';
import { Purge } from '../../lib/purge.js';
import type { CaStore } from '../../store/contract/ca.js';
import { AuditCutter } from '../audit/cut.js';
import { caSigner } from '../audit/signers.js';
import { catchUp } from './catch-up.js';

/** How long the CA stores expired certificates and audit records, in ms; null: for ever. */
export interface CaKeeping {
  certificates: number | null;
  audit: number | null;
}

/**
 * Background work: first the migration of data of older versions, then, while the CA runs, the deletion of expired rows. The key of a
 * compromised certificate must be recorded before the certificate is deleted.
 * @returns the function that stops the work and waits for the running step
 */
export function workBehind(
  store: CaStore,
  set: AuthoritySet,
  clock: () => number,
  options: RewrapOptions & { keep?: CaKeeping },
): () => Promise<void> {
  const { log, keep = { certificates: null, audit: null } } = options;
  let stopped = false;
  const retention = new CaRetention(store, keep.certificates);
  const cutter = new AuditCutter({ trail: store, program: 'ca', signer: () => caSigner(set), clock });
  const remove = async (now: number) => {
    const cut = keep.audit !== null && (await cutter.step(now - keep.audit));
    return (await retention.step(now)) || cut;
  };
  const purge = new Purge({
    store,
    remove,
    clock,
    onError: (error) => log.warn({ err: error }, 'what was kept long enough could not be removed'),
  });
  const run = async () => {
    await learnFormerCompromises(store, clock, () => !stopped);
    if (!stopped) purge.start();
    await catchUp(store, options, () => !stopped);
  };
  const running = run().catch((error) =>
    log.warn({ err: error }, 'what an older version left could not all be taken up; the next start goes on'),
  );
  return async () => {
    stopped = true;
    await running;
    await purge.stop();
  };
}
