import { PROGRAM } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { keyFingerprintOf } from './revocation.js';

/** Setting with the progress: the cursor of a search, or DONE. */
const PROGRESS = 'keys of former compromises';
const DONE = 'done';
/** Certificates examined in one step. */
const STEP = 200;

/**
 * Records the keys of certificates that were revoked for keyCompromise by versions that did not record such
 * keys. Works in steps of bounded size while `goesOn` returns true; an interrupted run continues where it
 * stopped.
 */
export async function learnFormerCompromises(
  store: CaStore,
  clock: () => number,
  goesOn: () => boolean,
): Promise<void> {
  let after = (await store.getSetting(PROGRESS)) || null;
  while (after !== DONE && goesOn()) {
    const page = await store.searchCertificates({
      after,
      limit: STEP,
      now: clock(),
      query: { state: 'revoked' },
    });
    for (const certificate of page.items) {
      const key = certificate.reason === REVOCATION_REASON.keyCompromise && keyFingerprintOf(certificate);
      if (!key || (await store.isCompromisedKey(key))) continue;
      await store.revoke(certificate.serial, clock(), REVOCATION_REASON.keyCompromise, PROGRAM, key);
    }
    after = page.next ?? DONE;
    await store.putSetting(PROGRESS, after);
  }
}
