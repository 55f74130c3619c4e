/** One thing a stranger or a holder of a certificate tries, over the network alone. */
export interface Attack {
  /** What must stay true, as a sentence. */
  promise: string;
  /** Known to be broken and being mended: it is said, and fails no run. */
  open?: true;
  /** Rejects when the promise is broken. */
  attempt(): Promise<void>;
}
