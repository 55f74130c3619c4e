export type SqlValue = null | boolean | number | string | Uint8Array | readonly SqlValue[];
export type Row = unknown[];

/**
 * Carries out statements. Each is atomic, and committed when its promise resolves. Rows are arrays in column order.
 * Rejects with StoreUnavailable when the server cannot be reached or cannot store the change, with StoreConflict when
 * the values contradict stored rows.
 */
export interface Database {
  /** The first row. The caller names the row's type: it is the list of columns it selected. */
  get<R extends Row>(text: string, ...values: SqlValue[]): Promise<R | undefined>;
  all<R extends Row>(text: string, ...values: SqlValue[]): Promise<R[]>;
  /** How many rows the statement changed. */
  run(text: string, ...values: SqlValue[]): Promise<number>;
}
