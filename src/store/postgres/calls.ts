import { StoreUnavailable } from '../contract/errors.js';
import type { Arguments, Calls, Result } from '../rows/calls.js';
import type { Database } from './database.js';
import type { PostgresOperations } from './operations.js';

/** Operations on a database until it is closed. Closing carries out what was asked before. */
export class PostgresCalls<Operations> implements Calls<Operations> {
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly operations: PostgresOperations<Operations>,
  ) {}

  call<Name extends keyof Operations & string>(
    name: Name,
    ...args: Arguments<Operations[Name]>
  ): Promise<Result<Operations[Name]>> {
    return this.carryOut((database) => this.operations[name](database, ...args));
  }

  /** An operation that other databases do not have. */
  async carryOut<T>(operation: (database: Database) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    const work = operation(this.database);
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => this.database.close());
    return this.#closed;
  }
}
