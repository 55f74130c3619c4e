import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

export type SqlValue = null | number | string | Uint8Array;
export type Row = SqlValue[];

/**
 * Runs SQL on one connection; each text is compiled once. Rows are arrays in column order, which are cheap to copy to
 * another thread.
 */
export class Sql {
  readonly #db: DatabaseSyncInstance;
  readonly #statements = new Map<string, StatementSyncInstance>();

  constructor(db: DatabaseSyncInstance) {
    this.#db = db;
  }

  /** The first row. The caller names the row's type: it is the list of columns it selected. */
  get<R extends Row>(text: string, ...values: SqlValue[]): R | undefined {
    return this.#prepare(text).get(...bindable(values)) as R | undefined;
  }

  all<R extends Row>(text: string, ...values: SqlValue[]): R[] {
    return this.#prepare(text).all(...bindable(values)) as R[];
  }

  /** How many rows the statement changed. */
  run(text: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(text).run(...bindable(values)).changes);
  }

  begin(): void {
    this.run('BEGIN IMMEDIATE');
  }

  beginRead(): void {
    this.run('BEGIN');
  }

  commit(): void {
    this.run('COMMIT');
  }

  /** SQLite ends the transaction on some errors; then there is nothing to roll back. */
  rollback(): void {
    if (this.#db.isTransaction) this.run('ROLLBACK');
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  #prepare(text: string): StatementSyncInstance {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      statement.setReturnArrays(true);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

/**
 * The driver ends a text at U+0000, so that a lookup of "admin\0x" would find "admin". Bound as bytes, the text
 * equals no stored text, and a STRICT table refuses to store it.
 */
function bindable(values: SqlValue[]): SqlValue[] {
  return values.some(hasNul) ? values.map((value) => (hasNul(value) ? Buffer.from(value) : value)) : values;
}

function hasNul(value: SqlValue): value is string {
  return typeof value === 'string' && value.includes('\0');
}
