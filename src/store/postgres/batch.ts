import type { Connection, Submittable } from 'pg';
import type { SqlValue } from './database.js';
import { parserOf } from './session.js';
import { toWire } from './values.js';

/** A statement with its values. A name always has the same text. */
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

type Parser = (text: string) => unknown;

/** The driver's state of a connection: the statements that are prepared or being prepared there, by name. */
interface Preparing {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
}

/**
 * The parsers of the columns of each prepared statement, by its name. The columns of a prepared statement do not
 * change (the server would refuse it), so the server describes them once per connection.
 */
const described = new WeakMap<Connection, Map<string, Parser[]>>();

/**
 * Statements that share a round trip and a transaction (PostgreSQL manual, "Pipelining"). Each is sent in the
 * driver's messages of the extended protocol; one Sync at the end commits them. Either all of them are committed, or
 * none.
 *
 * `done` rejects with the driver's error. If the server reported it (it has a SQLSTATE) and the connection is still
 * open, nothing was committed; otherwise the outcome is unknown.
 */
export class Batch implements Submittable {
  readonly done: Promise<Answer[]>;
  /** The driver calls it once, and wraps it for its time limit. */
  callback: (error?: Error | null) => void;
  readonly #answers: Answer[] = [];
  /** Rows of the current statement. */
  #rows: unknown[][] = [];
  #parsers: Parser[] | undefined;
  #known = new Map<string, Parser[]>();

  constructor(private readonly statements: readonly Statement[]) {
    this.callback = () => {};
    this.done = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve(this.#answers));
    });
  }

  /** The statement that the server answers next. */
  get current(): number {
    return this.#answers.length;
  }

  /** Read by the driver, which records prepared statements by name and text. */
  get name(): string | undefined {
    return this.statements[this.current]?.name;
  }

  get text(): string | undefined {
    return this.statements[this.current]?.text;
  }

  /** All messages are written at once: a write of its own would cost more than a message's few bytes. */
  submit(connection: Connection): null {
    this.#known = described.get(connection) ?? new Map();
    described.set(connection, this.#known);
    const { parsedStatements, submittedNamedStatements } = preparing(connection);
    const messages: Uint8Array[] = [];
    const stream = { writable: true, write: (message: Uint8Array) => messages.push(message) };
    const gathering: Connection = Object.create(connection, { stream: { value: stream } });
    for (const { name, text, values } of this.statements) {
      if (!Object.hasOwn(parsedStatements, name) && !Object.hasOwn(submittedNamedStatements, name)) {
        gathering.parse({ name, text, types: [] }, true);
        submittedNamedStatements[name] = text;
      }
      gathering.bind({ statement: name, values: values.map(toWire) }, true);
      if (!this.#known.has(name)) gathering.describe({ type: 'P' }, true);
      gathering.execute(null, true);
    }
    gathering.sync();
    if (connection.stream.writable) connection.stream.write(Buffer.concat(messages));
    return null;
  }

  handleRowDescription({ fields }: { fields: readonly { dataTypeID: number }[] }): void {
    this.#parsers = fields.map(({ dataTypeID }) => parserOf(dataTypeID));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#parsers ??= this.#known.get(this.name ?? '') ?? [];
    const parsers = this.#parsers;
    this.#rows.push(fields.map((text, index) => (text === null ? null : (parsers[index] ?? String)(text))));
  }

  /** `text` is the command's tag, which for many commands ends with a number of rows. */
  handleCommandComplete({ text }: { text: string }): void {
    const { name } = this;
    if (name !== undefined && !this.#known.has(name)) this.#known.set(name, this.#parsers ?? []);
    const changed = Number(text.slice(text.lastIndexOf(' ') + 1));
    this.#answers.push({ rows: this.#rows, changed: Number.isNaN(changed) ? 0 : changed });
    this.#rows = [];
    this.#parsers = undefined;
  }

  /** Called when the batch is committed. */
  handleReadyForQuery(): void {
    this.callback(null);
  }

  /** The server skipped everything after the statement that failed, including its preparation. */
  handleError(error: Error, connection: Connection): void {
    const { parsedStatements, submittedNamedStatements } = preparing(connection);
    for (const { name } of this.statements) {
      if (!Object.hasOwn(parsedStatements, name)) delete submittedNamedStatements[name];
    }
    this.callback(error);
  }
}

function preparing(connection: Connection): Preparing {
  return connection as unknown as Preparing;
}
