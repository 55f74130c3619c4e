import { BoundedMap } from '../../lib/bounded-map.js';
import { type DnsServer, label } from './server.js';

/** How long a server's limitations are remembered, in ms: a better one may replace it. */
const KNOWN_FOR = 10 * 60_000;
const MOST_SERVERS = 100;

/**
 * `broken`: a question with capitals is answered in other letters, or not at all. `presumed`: a question with
 * capitals and one without had the same negative answer. `kept`: a question with capitals was answered in the
 * same letters.
 */
type Case = 'unknown' | 'presumed' | 'kept' | 'broken';

interface Habits {
  takesEdns: boolean;
  letters: Case;
  until: number;
}

/** The known limitations of each DNS server, so that it is not asked first in a form it does not support. */
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
