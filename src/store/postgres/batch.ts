import { type Connection, type CustomTypesConfig, Query, type Submittable } from 'pg';
import type { SqlValue } from './database.js';

/** A statement with its values. Of one name there is one text. */
export interface Statement {
  text: string;
  name: string;
  values: SqlValue[];
}

export interface Answer {
  rows: unknown[][];
  /** How many rows it changed. */
  changed: number;
}

/** What the driver's client calls on what it carries out; its own queries are of this kind. */
interface Asked {
  submit(connection: Connection): unknown;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}

/**
 * The statements that a connection has prepared, or is preparing: the driver keeps both at the connection.
 */
interface Preparing {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
}

/**
 * Statements that share a round trip and a transaction (PostgreSQL manual, "Pipelining"): each is sent by the
 * driver's own query, without the Sync after it; one Sync at the end commits. Either all of them are
 * committed, or none.
 *
 * `done` rejects with the driver's error. When the server reported it (it has a SQLSTATE) and the connection
 * lives on, nothing was committed; otherwise the outcome is unknown.
 */
export class Batch implements Submittable {
  readonly done: Promise<Answer[]>;
  /** Called by the driver, once; it puts its time limit before it. */
  callback: (error?: Error | null) => void;
  readonly #queries: Asked[];
  readonly #answers: Answer[] = [];
  #current = 0;
  #failure: Error | null = null;

  constructor(
    private readonly statements: readonly Statement[],
    types: CustomTypesConfig,
  ) {
    this.callback = () => {};
    this.done = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve(this.#answers));
    });
    this.#queries = statements.map((statement) => {
      const config = { ...statement, rowMode: 'array', types };
      const query = new Query(config, (error: Error | undefined, result) => {
        if (error) this.#failure ??= error;
        else this.#answers.push({ rows: result.rows, changed: result.rowCount ?? 0 });
      });
      // Its handlers are the driver's interface to queries of others' making, of which its types have `submit` only.
      return query as unknown as Asked;
    });
  }

  /** The statement that the server answers next. */
  get current(): number {
    return this.#current;
  }

  /** For the driver, which notes by name and text what is prepared. */
  get name(): string | undefined {
    return this.statements[this.#current]?.name;
  }

  get text(): string | undefined {
    return this.statements[this.#current]?.text;
  }

  submit(connection: Connection): null {
    const unsynced: Connection = Object.create(connection, { sync: { value: () => {} } });
    connection.stream.cork();
    try {
      for (const query of this.#queries) query.submit(unsynced);
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: unknown): void {
    this.#queries[this.#current]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#queries[this.#current]?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    this.#queries[this.#current]?.handleCommandComplete(message, connection);
    this.#current += 1;
  }

  /** Committed. */
  handleReadyForQuery(connection: Connection): void {
    for (const query of this.#queries) query.handleReadyForQuery(connection);
    this.callback(this.#failure);
  }

  /** What comes after the statement that failed was passed over by the server, its preparing too. */
  handleError(error: Error, connection: Connection): void {
    const { parsedStatements, submittedNamedStatements } = connection as unknown as Preparing;
    for (const { name } of this.statements) {
      if (!Object.hasOwn(parsedStatements, name)) delete submittedNamedStatements[name];
    }
    this.callback(error);
  }
}
