import { lookup } from 'node:dns';
import { promisify } from 'node:util';
import type { Deadline } from '../deadline.js';

/** Concurrent lookups: each takes one of the process's few threads, and cannot be cancelled. */
const AT_ONCE = 2;

const lookupAll = promisify(lookup);

/**
 * Asks the system's name services (multicast DNS, LDAP and the like) for names that neither its hosts file
 * nor DNS know. Nobody queues: while other lookups hang, there is no answer.
 */
export class SystemServices {
  #under = 0;

  /** Addresses, in the system's order; empty when there are none, or no answer within the time. */
  async addresses(name: string, deadline: Deadline): Promise<string[]> {
    if (this.#under >= AT_ONCE || deadline.isOver) return [];
    this.#under += 1;
    // With the root's dot the system's search list is not used.
    const absolute = name.includes('.') ? `${name}.` : name;
    const found = lookupAll(absolute, { all: true, verbatim: true })
      .then(
        (all) => all.map(({ address }) => address),
        (): string[] => [],
      )
      .finally(() => {
        this.#under -= 1;
      });
    let late = () => {};
    const over = new Promise<string[]>((resolve) => {
      late = () => resolve([]);
      deadline.whenOver(late);
    });
    return Promise.race([found, over]).finally(() => deadline.forget(late));
  }
}
