import { StoreRefused, StoreUnavailable } from '../contract/errors.js';
import type { Arguments, Calls, OperationResult } from '../rows/calls.js';
import type { DatabaseClient } from './client.js';
import type { PostgresOperations } from './operations.js';

/** Operations on a database until it is closed. Closing finishes earlier calls. */
export class PostgresCalls<Operations> implements Calls<Operations> {
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;
  /** Set when data could not be read, until the process ends. */
  #damage: StoreRefused | null = null;

  constructor(
    private readonly database: DatabaseClient,
    private readonly operations: PostgresOperations<Operations>,
    /** Operations whose statements are short, and wait only for statements of the same order. */
    private readonly short: ReadonlySet<keyof Operations>,
    private readonly options: {
      /** The URL of the database, without its password. */
      location: string;
      /** It was found damaged. */
      onDamage?(error: Error): void;
    },
  ) {}

  call<Name extends keyof Operations & string>(
    name: Name,
    ...args: Arguments<Operations[Name]>
  ): Promise<OperationResult<Operations[Name]>> {
    // Other pages may be intact: calls are still answered where possible, but readiness fails.
    if (name === 'ping' && this.#damage !== null) return Promise.reject(this.#damage);
    return this.carryOut((database) => {
      return this.operations[name](this.short.has(name) ? database.shared : database, ...args);
    });
  }

  /** An operation that SQLite does not have. */
  async carryOut<T>(operation: (database: DatabaseClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    const work = operation(this.database);
    this.#underWay.add(work);
    try {
      return await work;
    } catch (error) {
      throw error instanceof StoreRefused ? this.#damaged(error) : error;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #damaged(error: StoreRefused): StoreRefused {
    const { location, onDamage } = this.options;
    const told = new StoreRefused(`${location}: ${error.message}`, { cause: error });
    if (this.#damage === null) onDamage?.(told);
    this.#damage ??= told;
    return told;
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => this.database.close());
    return this.#closed;
  }
}
