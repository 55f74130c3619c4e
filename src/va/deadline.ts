/**
 * The end of the time some work has, or of the work it is part of, whichever is first. Not an AbortSignal: each of those
 * is an object of a shape of its own, which makes all that touches it slow, and a validation needs several.
 */
export class Deadline {
  readonly #actions = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  /** @param milliseconds from now */
  constructor(
    milliseconds: number,
    private readonly parent?: Deadline,
  ) {
    this.#timer = setTimeout(this.end, milliseconds);
    if (parent?.isOver) this.end();
    else parent?.whenOver(this.end);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Does this at the end, unless forgotten before; never when the end is past. */
  whenOver(action: () => void): void {
    this.#actions.add(action);
  }

  forget(action: () => void): void {
    this.#actions.delete(action);
  }

  /** Ends it now. */
  readonly end = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.release();
    for (const action of [...this.#actions]) action();
  };

  /** The work is done: nothing ends it any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.parent?.forget(this.end);
  }
}
