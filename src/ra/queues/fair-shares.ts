import { BoundedMap } from '../../lib/bounded-map.js';

/** The owner of a piece of work, and the target it waits for. */
export interface Share {
  account: string;
  /** The target: a name or an address. */
  target: string;
}

interface FairSharesOptions {
  /** Limit of concurrent work, without that of targets that hung before. */
  capacity: number;
  /** Places of these that are reserved for accounts without running work. */
  spare: number;
  /** Limit of concurrent work of one account. */
  perAccount: number;
  /** Limits of concurrent work on targets that hung before: for all accounts, and for one account. */
  hung: number;
  hungPerAccount: number;
  /** Age in ms from which work is aborted if an account without running work finds no free place. */
  patience: number;
  clock(): number;
}

/** How long a target counts as hung after it hung, in ms. It stops counting as soon as it answers. */
const HUNG_FOR = 5 * 60_000;
const MOST_HUNG = 10_000;

interface UnderWay {
  quick: number;
  hung: number;
}

/** A place in use by work whose target did not hang before. */
interface Place extends Share {
  since: number;
  giveWay(): void;
}

/**
 * Divides the places of a queue among accounts. Each account has a limit. Targets that hang have a few places of their own. Old work
 * is aborted for an account that has no running work. A thousand silent targets therefore delay only the accounts that ordered them,
 * whether they belong to one account or to a thousand.
 */
export class FairShares {
  readonly #options: FairSharesOptions;
  readonly #accounts = new Map<string, UnderWay>();
  /** Targets that hung, each with the time until which it counts as hung; the oldest first. */
  readonly #hung = new BoundedMap<string, number>(MOST_HUNG);
  /** The oldest place comes first. */
  readonly #quick = new Set<Place>();
  #allHung = 0;

  constructor(options: FairSharesOptions) {
    this.#options = options;
  }

  /** Whether work can start now, either in a free place or in that of work old enough to be aborted. */
  admits({ account, target }: Share): boolean {
    const { capacity, spare, perAccount, hung, hungPerAccount } = this.#options;
    const own = this.#accounts.get(account) ?? { quick: 0, hung: 0 };
    if (this.#hangs(target)) return own.hung < hungPerAccount && this.#allHung < hung;
    if (own.quick > 0) return own.quick < perAccount && this.#quick.size < capacity - spare;
    return this.#quick.size < capacity || this.#movable() !== null;
  }

  /** How many more items to claim now. Some of them may find no place. */
  room(): number {
    const { capacity, hung } = this.#options;
    return capacity - this.#quick.size + hung - this.#allHung + (this.#movable() === null ? 0 : 1);
  }

  /** Takes a place; the returned function releases it. `giveWay` is called when the work must stop because its place is reassigned. */
  enter({ account, target }: Share, giveWay: () => void): () => void {
    if (this.#hangs(target)) {
      this.#allHung += 1;
      this.#count(account, 0, 1);
      return once(() => {
        this.#allHung -= 1;
        this.#count(account, 0, -1);
      });
    }
    const full = this.#quick.size >= this.#options.capacity;
    const moved = full ? this.#movable() : null;
    if (moved) {
      this.#leave(moved);
      this.found(moved.target, true);
      moved.giveWay();
    }
    const place = { account, target, since: this.#options.clock(), giveWay };
    this.#quick.add(place);
    this.#count(account, 1, 0);
    return () => this.#leave(place);
  }

  /** Records whether a target hung. Work on a target that hung uses the places for hung targets until it answers. */
  found(target: string, hung: boolean): void {
    if (hung) this.#hung.set(target, this.#options.clock() + HUNG_FOR);
    else this.#hung.delete(target);
  }

  #leave(place: Place): void {
    if (this.#quick.delete(place)) this.#count(place.account, -1, 0);
  }

  #movable(): Place | null {
    const [oldest] = this.#quick;
    const { patience, clock } = this.#options;
    return oldest !== undefined && clock() - oldest.since >= patience ? oldest : null;
  }

  #hangs(target: string): boolean {
    return this.#options.clock() < (this.#hung.get(target) ?? 0);
  }

  #count(account: string, quick: number, hung: number): void {
    const own = this.#accounts.get(account) ?? { quick: 0, hung: 0 };
    own.quick += quick;
    own.hung += hung;
    if (own.quick + own.hung > 0) this.#accounts.set(account, own);
    else this.#accounts.delete(account);
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
