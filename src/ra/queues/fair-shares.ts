import { BoundedMap } from '../../lib/bounded-map.js';
/** The owner of a piece of work, and the target it waits for. */
export interface Share {
  account: string;
  /** The target: a name or an address. */
  target: string;
}

interface FairSharesOptions {
  /** Most at once, beside those of targets that hung before. */
  capacity: number;
  /** How many of them are kept for accounts that have nothing under way. */
  spare: number;
  /** Most at once of one account. */
  perAccount: number;
  /** Most at once of targets that hung before: of all accounts, and of one. */
  hung: number;
  hungPerAccount: number;
  /** Work that took longer, in ms, gives way to an account that has nothing under way and would find no place. */
  patience: number;
  clock(): number;
}

/** How long a target that hung is taken for one that hangs, in ms, unless it answers before. */
const HUNG_FOR = 5 * 60_000;
const MOST_HUNG = 10_000;

interface UnderWay {
  quick: number;
  hung: number;
}

/** A place taken by work whose target is not known to hang. */
interface Place extends Share {
  since: number;
  giveWay(): void;
}

/**
 * How the places of a queue are shared: no account has more than its part, targets that hang get few places of their own, and what
 * has been under way for long gives way to an account that has nothing under way. So neither a thousand silent targets of one
 * account nor one of each of a thousand accounts delay anybody but whoever ordered them.
 */
export class FairShares {
  readonly #options: FairSharesOptions;
  readonly #accounts = new Map<string, UnderWay>();
  /** Targets that hung, with the time until which that counts; the oldest first. */
  readonly #hung = new BoundedMap<string, number>(MOST_HUNG);
  /** The one taken first comes first. */
  readonly #quick = new Set<Place>();
  #allHung = 0;

  constructor(options: FairSharesOptions) {
    this.#options = options;
  }

  /** Whether there is a place for it now, if need be one of work that gives way. */
  admits({ account, target }: Share): boolean {
    const { capacity, spare, perAccount, hung, hungPerAccount } = this.#options;
    const own = this.#accounts.get(account) ?? { quick: 0, hung: 0 };
    if (this.#hangs(target)) return own.hung < hungPerAccount && this.#allHung < hung;
    if (own.quick > 0) return own.quick < perAccount && this.#quick.size < capacity - spare;
    return this.#quick.size < capacity || this.#movable() !== null;
  }

  /** How many more may be asked for at this moment: some of them may find no place. */
  room(): number {
    const { capacity, hung } = this.#options;
    return capacity - this.#quick.size + hung - this.#allHung + (this.#movable() === null ? 0 : 1);
  }

  /** Takes a place; the function gives it back. `giveWay` is called when the work must end, because its place was given to another. */
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

  /** How a target was found: one that hung goes to the few places of its like until it answers. */
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
