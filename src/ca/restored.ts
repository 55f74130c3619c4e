import type { Logger } from 'pino';
import { jsonOrNull } from '../lib/json.js';
import type { CaStore } from '../store/contract/ca.js';
import { RESTORED } from '../store/contract/restored.js';

/** A database restored at `at` from a backup of `of`: changes in between are missing. Milliseconds since the epoch. */
interface Restored {
  of: number;
  at: number;
}

/** Null for a database that was never restored. */
export async function restoredIn(store: Pick<CaStore, 'getSetting'>): Promise<Restored | null> {
  const read = jsonOrNull((await store.getSetting(RESTORED)) ?? '') as Partial<Restored> | null;
  const { of, at } = read ?? {};
  return typeof of === 'number' && typeof at === 'number' ? { of, at } : null;
}

/** The warning for the operator, as a sentence. */
export function restoredSentence({ of, at }: Restored): string {
  const [from, to] = [new Date(of).toISOString(), new Date(at).toISOString()];
  return (
    `this CA was restored on ${to} from a backup of ${from}: certificates issued and revoked between are not known. ` +
    'OCSP requests for such are logged; `upki cert import FILE` makes one known again, so that it can be revoked'
  );
}

/** Limit of logged serials, so that requests for invented ones do not fill the disk. */
const MOST = 1_000;

/** Logs each unknown certificate of this CA that OCSP is asked about, once. After a restore an operator imports these. */
export class UnknownCertificates {
  readonly #seen = new Set<string>();

  constructor(private readonly log: Logger) {}

  asked(serial: string): void {
    if (this.#seen.has(serial) || this.#seen.size >= MOST) return;
    this.#seen.add(serial);
    this.log.warn(
      { serial },
      'OCSP was asked about a certificate that this CA, restored from a backup, does not know: if it was issued after the backup, ' +
        'import it with `upki cert import`',
    );
    if (this.#seen.size === MOST)
      this.log.warn(`${MOST} unknown certificates were asked about; no more are logged`);
  }
}
