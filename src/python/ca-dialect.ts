import type { OperationsTasks } from '../channel/tasks/index.js';
import type { TaskClient } from '../channel/typed-client.js';
import { CaLacksTask } from '../model/ca.js';
import { told } from '../ra/ca/errors.js';

/** Which CA answers: ours, or upki-ca. */
export type Dialect = 'upki' | 'python';

/**
 * Finds out once a connection which CA is at the other end, by a task the Python CA does not have: nothing is guessed
 * for a single request, and a CA replaced by the other kind is known when the connection is back.
 */
export class CaDialect {
  #found: Promise<Dialect> | null = null;

  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  /** @throws CaUnavailable while the CA has not been heard since the connection was made. */
  get(): Promise<Dialect> {
    if (this.#found !== null) return this.#found;
    const asking = this.#ask();
    this.#found = asking;
    asking.catch(() => {
      if (this.#found === asking) this.#found = null;
    });
    return asking;
  }

  /** For each new connection: another CA may be there now. */
  forget(): void {
    this.#found = null;
  }

  async #ask(): Promise<Dialect> {
    try {
      await told(this.client.call('ping', {}));
      return 'upki';
    } catch (error) {
      if (error instanceof CaLacksTask) return 'python';
      throw error;
    }
  }
}
