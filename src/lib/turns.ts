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
