/**
 * A signal that aborts with another or after some time, whichever is first. Unlike `AbortSignal.timeout` it can be let go
 * of: that one keeps its timer, and all that listens, until the time is over, long after the work was done.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #abort = () => this.#controller.abort();

  /** @param milliseconds from now */
  constructor(
    milliseconds: number,
    private readonly parent?: AbortSignal,
  ) {
    this.#timer = setTimeout(this.#abort, milliseconds);
    if (parent?.aborted) this.#abort();
    else parent?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The work is done: nothing aborts any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.parent?.removeEventListener('abort', this.#abort);
  }
}
