import type { OperationsTasks } from '../channel/tasks/index.js';
import type { TaskClient } from '../channel/typed-client.js';
import { CaLacksTask } from '../model/ca.js';
import { told } from '../ra/ca/errors.js';

/** The kind of CA that answers: ours, or upki-ca. */
export type Dialect = 'upki' | 'python';

/**
 * Detects once for each connection which kind of CA answers, by a task that the Python CA does not have. When a CA is replaced
 * by the other kind, the next connection detects it.
 */
export class CaDialect {
  #found: Promise<Dialect> | null = null;

  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  /** @throws CaUnavailable until the CA has answered on this connection */
  get(): Promise<Dialect> {
    if (this.#found !== null) return this.#found;
    const asking = this.#ask();
    this.#found = asking;
    asking.catch(() => {
      if (this.#found === asking) this.#found = null;
    });
    return asking;
  }

  /** Called for each new connection, which may lead to another CA. */
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
