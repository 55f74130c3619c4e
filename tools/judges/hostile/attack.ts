/** One attack by a stranger or by the holder of a certificate, only over the network. */
export interface Attack {
  /** The promise that must hold, as a sentence. */
  promise: string;
  /** Known to be broken and being fixed: it is reported and fails no run. */
  open?: true;
  /** Rejects if the promise is broken. */
  attempt(): Promise<void>;
}
