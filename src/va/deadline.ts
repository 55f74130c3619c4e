/**
 * A deadline: after its own time, or with the deadline of its parent if that is earlier. Not an AbortSignal:
 * each AbortSignal has a hidden class of its own, which slows all code that uses it, and a validation needs
 * several.
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

  /** Calls the action at the deadline, unless `forget` cancels it; never when the deadline has passed. */
  whenOver(action: () => void): void {
    this.#actions.add(action);
  }

  forget(action: () => void): void {
    this.#actions.delete(action);
  }

  /** Makes this the deadline. */
  readonly end = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.release();
    for (const action of [...this.#actions]) action();
  };

  /** The work is done: cancels the deadline. */
  release(): void {
    clearTimeout(this.#timer);
    this.parent?.forget(this.end);
  }
}
