import { Deadline } from '../deadline.js';

/** Longest duration of a question in ms; it ends earlier when its last caller gives up. */
const LONGEST = 30_000;

interface Shared<T> {
  answer: Promise<T>;
  limit: Deadline;
  /** Number of waiting callers. */
  waiting: number;
}

/**
 * Sends equal outstanding questions once: each further query would be another chance for a forger (RFC 5452
 * §5). Each caller has its own deadline; the question continues while a caller waits.
 */
export class SharedQuestions<T> {
  readonly #outstanding = new Map<string, Shared<T>>();

  /** @param how `start` sends the question; `late` makes the error for a caller whose deadline has passed */
  ask(
    key: string,
    deadline: Deadline,
    how: { start(limit: Deadline): Promise<T>; late(): Error },
  ): Promise<T> {
    if (deadline.isOver) return Promise.reject(how.late());
    const shared = this.#outstanding.get(key) ?? this.#start(key, how.start);
    shared.waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        reject(how.late());
        shared.waiting -= 1;
        if (shared.waiting > 0) return;
        this.#end(key, shared);
        shared.limit.end();
      };
      deadline.whenOver(giveUp);
      shared.answer.then(resolve, reject).finally(() => deadline.forget(giveUp));
    });
  }

  #start(key: string, start: (limit: Deadline) => Promise<T>): Shared<T> {
    const limit = new Deadline(LONGEST);
    const shared: Shared<T> = { answer: start(limit), limit, waiting: 0 };
    this.#outstanding.set(key, shared);
    const end = () => {
      limit.release();
      this.#end(key, shared);
    };
    shared.answer.then(end, end);
    return shared;
  }

  #end(key: string, shared: Shared<T>): void {
    if (this.#outstanding.get(key) === shared) this.#outstanding.delete(key);
  }
}
