import { BoundedMap } from '../../lib/bounded-map.js';
import { type DnsServer, label } from './server.js';

/** How long a server's limitations are cached, in ms: it may be replaced by a better one. */
const KNOWN_FOR = 10 * 60_000;
const MOST_SERVERS = 100;

/**
 * How a server handles capitals. `broken`: it answered a question with capitals in other letters, or not at
 * all. `presumed`: it gave the same negative answer to a question with capitals and to one without. `kept`:
 * it repeated the capitals.
 */
type Case = 'unknown' | 'presumed' | 'kept' | 'broken';

interface Habits {
  takesEdns: boolean;
  letters: Case;
  until: number;
}

/** The known limitations of each DNS server, so that the first query has a form that it supports. */
export class ServerHabits {
  readonly #known = new BoundedMap<string, Habits>(MOST_SERVERS);

  constructor(private readonly now: () => number) {}

  takesEdns(server: DnsServer): boolean {
    return this.#of(server).takesEdns;
  }

  letters(server: DnsServer): Case {
    return this.#of(server).letters;
  }

  learn(server: DnsServer, seen: Partial<Pick<Habits, 'takesEdns' | 'letters'>>): void {
    this.#known.set(label(server), { ...this.#of(server), ...seen, until: this.now() + KNOWN_FOR });
  }

  #of(server: DnsServer): Habits {
    const known = this.#known.get(label(server));
    if (known && this.now() < known.until) return known;
    return { takesEdns: true, letters: 'unknown', until: 0 };
  }
}
