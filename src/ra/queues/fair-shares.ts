/** Whose work it is, and whom it waits for. */
export interface Share {
  account: string;
  /** What is dialed or asked: a name or an address. */
  target: string;
}

export interface FairSharesOptions {
  /** Most at once. */
  capacity: number;
  /** How many of them are kept for accounts that have nothing under way. */
  spare: number;
  /** Most at once of one account. */
  perAccount: number;
  /** Most at once of targets that hung before: of all accounts, and of one. */
  hung: number;
  hungPerAccount: number;
  clock(): number;
}

/** How long a target that hung is taken for one that hangs, in ms, unless it answers before. */
const HUNG_FOR = 5 * 60_000;
const MOST_HUNG = 10_000;

interface UnderWay {
  all: number;
  hung: number;
}

/**
 * How the places of a queue are shared: no account has more than its part, there always is a place for one that has none, and
 * targets that hang get few. So a thousand silent targets delay nobody but whoever ordered them.
 */
export class FairShares {
  readonly #options: FairSharesOptions;
  readonly #accounts = new Map<string, UnderWay>();
  /** Targets that hung, with the time until which that counts; the oldest first. */
  readonly #hung = new Map<string, number>();
  #all = 0;
  #allHung = 0;

  constructor(options: FairSharesOptions) {
    this.#options = options;
  }

  /** Whether there is a place for it now. */
  admits({ account, target }: Share): boolean {
    const { capacity, spare, perAccount, hung, hungPerAccount } = this.#options;
    const own = this.#accounts.get(account) ?? { all: 0, hung: 0 };
    if (own.all >= perAccount) return false;
    if (this.#hangs(target)) {
      return own.hung < hungPerAccount && this.#allHung < hung && this.#all < capacity - spare;
    }
    return this.#all < (own.all === 0 ? capacity : capacity - spare);
  }

  /** Takes a place; the function gives it back. */
  enter({ account, target }: Share): () => void {
    const hung = this.#hangs(target) ? 1 : 0;
    this.#count(account, 1, hung);
    return () => this.#count(account, -1, -hung);
  }

  /** How a target was found: one that hung goes to the few places of its like until it answers. */
  found(target: string, hung: boolean): void {
    this.#hung.delete(target);
    if (!hung) return;
    const [oldest] = this.#hung.keys();
    if (this.#hung.size >= MOST_HUNG && oldest !== undefined) this.#hung.delete(oldest);
    this.#hung.set(target, this.#options.clock() + HUNG_FOR);
  }

  #hangs(target: string): boolean {
    return this.#options.clock() < (this.#hung.get(target) ?? 0);
  }

  #count(account: string, all: number, hung: number): void {
    const own = this.#accounts.get(account) ?? { all: 0, hung: 0 };
    own.all += all;
    own.hung += hung;
    this.#all += all;
    this.#allHung += hung;
    if (own.all > 0) this.#accounts.set(account, own);
    else this.#accounts.delete(account);
  }
}
