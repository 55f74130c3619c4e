import { setImmediate as nextTurn } from 'node:timers/promises';

/** Gives each caller a turn of the event loop of its own, in the order of the calls, so that work that arrives at once is spread. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a later turn than those of earlier calls. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => nextTurn());
    return this.#last;
  }
}

/** Spreads work that arrives at once over turns by its time. */
export class TurnLimit {
  /** When the current turn did its first work. */
  #began: number | null = null;

  /** @param most time after which no more work is begun in a turn, in ms */
  constructor(private readonly most: number) {}

  /** Call before each piece of work: resolves in a later turn when this one has lasted too long. */
  async enter(): Promise<void> {
    while (this.#began !== null && performance.now() - this.#began > this.most) await nextTurn();
    if (this.#began !== null) return;
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = null;
    });
  }
}
