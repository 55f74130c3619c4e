import { lookup } from 'node:dns';
import { promisify } from 'node:util';
import type { Deadline } from '../deadline.js';

/** Concurrent lookups: each takes one of the process's few threads, and cannot be cancelled. */
const AT_ONCE = 2;

const lookupAll = promisify(lookup);

/**
 * Looks up names that neither the hosts file nor DNS has in the system's other name services, such as
 * multicast DNS or LDAP. Lookups do not queue: while AT_ONCE others hang, the result is empty.
 */
export class SystemServices {
  #under = 0;

  /** Addresses in the system's order; empty when there are none, or no answer before the deadline. */
  async addresses(name: string, deadline: Deadline): Promise<string[]> {
    if (this.#under >= AT_ONCE || deadline.isOver) return [];
    this.#under += 1;
    // The root's dot disables the system's search list.
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
