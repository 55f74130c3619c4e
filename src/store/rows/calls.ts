/**
 * The row-level operations of a database by name, each one atomic step. Their arguments and results are
 * primitives, bytes and arrays of them, the same for every database; objects are made of them on the caller's
 * side.
 */
export interface Calls<Operations> {
  call<Name extends keyof Operations & string>(
    name: Name,
    ...args: Arguments<Operations[Name]>
  ): Promise<OperationResult<Operations[Name]>>;
  close(): Promise<void>;
}

export type Arguments<O> = O extends (...args: infer A) => unknown ? A : never;
export type OperationResult<O> = O extends (...args: never[]) => infer R ? R : never;

/** Null for no row. */
export function maybe<R, T>(row: R | undefined, decode: (row: R) => T): T | null {
  return row === undefined ? null : decode(row);
}
