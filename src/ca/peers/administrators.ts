import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { DerError } from '../../x509/der-error.js';
import { dnKey, parseHolder } from '../../x509/name.js';

/**
 * The list of administrators. Entries are kept as they were written and compared as names (RFC 5280 §7.1): `/O=x/CN=a`
 * and `CN=a,O=x` are one entry.
 */
export class Administrators {
  constructor(
    private readonly store: Pick<CaStore, 'listAdmins' | 'addAdmin' | 'removeAdmin'>,
    private readonly clock: () => number,
  ) {}

  list(): Promise<string[]> {
    return this.store.listAdmins();
  }

  /** False when it is on the list already, in whatever notation. @throws TaskError for what is not a name */
  async add(holder: string, by?: Actor): Promise<boolean> {
    if ((await this.#entriesOf(holder)).length > 0) return false;
    return this.store.addAdmin(holder, this.clock(), by);
  }

  /** False when it is not on the list. @throws TaskError for what is not a name */
  async remove(holder: string, by?: Actor): Promise<boolean> {
    const entries = await this.#entriesOf(holder);
    for (const entry of entries) await this.store.removeAdmin(entry, by);
    return entries.length > 0;
  }

  async #entriesOf(holder: string): Promise<string[]> {
    const wanted = keyOf(holder);
    if (wanted === null) throw new TaskError(ErrorCode.validation, 'Invalid dn parameter: not a name');
    return (await this.store.listAdmins()).filter((entry) => keyOf(entry) === wanted);
  }
}

/** Null for what is not a name. */
function keyOf(holder: string): string | null {
  try {
    return dnKey(parseHolder(holder));
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}
