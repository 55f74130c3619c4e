import { StoreUnavailable } from '../../store/contract/errors.js';

/** The options of every queue of the RA. */
export interface QueueSurroundings {
  /** No other process shares the store: what is leased at start was left behind by an earlier run of this one. */
  soleRunner: boolean;
  clock(): number;
  /** Told of a failed run; once for an item that is run again and again. */
  onError(error: unknown): void;
}

export interface WorkQueueOptions<Item, Result> extends QueueSurroundings {
  /** Leases up to `limit` due items. */
  claim(now: number, leaseUntil: number, limit: number): Promise<Item[]>;
  /**
   * Carries one item out; must record its outcome (or a retry) in the store itself. Ends without one, and soon, when the signal
   * says so.
   */
  run(item: Item, signal: AbortSignal): Promise<Result>;
  /** Most items at once. */
  capacity: number;
  /** How the places are shared where not every item may take one. */
  shares?: Shares<Item>;
  /** Milliseconds an item is held; longer than any run can take. */
  lease: number;
  /** Milliseconds between looks for abandoned items. Default five seconds. */
  sweepInterval?: number;
  /** Milliseconds between a run that failed for want of the store and the next of the same item. Default one second. */
  againAfter?: number;
}

/** Places of a queue that have rules of their own. */
interface Shares<Item> {
  admits(item: Item): boolean;
  /** How many items may be asked for now. */
  room(): number;
  /** Takes a place; what it answers gives the place back. `giveWay` ends the item's run, which is repeated later. */
  enter(item: Item, giveWay: () => void): () => void;
}

/** The defaults of `sweepInterval` and `againAfter`. */
const SWEEP_INTERVAL = 5_000;
const AGAIN_AFTER = 1_000;

/** How much of its lease an item that waits for its share must have left to be run, as part of the whole. */
const LEASE_NEEDED = 0.75;
/** Items that wait for their share; more are left to whoever claims them after their lease. */
const MOST_HELD = 1_000;
/** How often what waits for its share is looked at while no run ends, in ms. */
const LOOK_AGAIN = 250;
/** Looks into the store one after the other, while what is found there must wait for its share. */
const MOST_LOOKS = 10;

/** Items that fall due within one tick share a look into the store; in ms, little beside the pauses of a retry. */
const WAKE_TICK = 20;

/**
 * A durable queue's runner. The items live in the store, each leased to one runner at a time; a runner that dies
 * loses its leases to whoever claims next. This class bounds how many run at once, wakes up when the next item is
 * due, looks from time to time for items another runner left behind, and runs again what failed because the store was away.
 */
export class WorkQueue<Item, Result> {
  readonly #options: WorkQueueOptions<Item, Result>;
  readonly #running = new Set<Promise<Result>>();
  readonly #abort = new AbortController();
  /** Ends of the runs that may have to give way. */
  readonly #ends = new Set<AbortController>();
  /** When items known here fall due. Coalesced, so there are as many as ticks in the longest pause, not as items. */
  readonly #wakes = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #sweeping: Promise<void> | null = null;
  /** Leased items that wait until their share has room. */
  #held: { item: Item; leaseUntil: number }[] = [];
  /** There may be more due items than there was room for. */
  #backlog = false;
  #started = false;

  constructor(options: WorkQueueOptions<Item, Result>) {
    this.#options = options;
  }

  /** Items under way, and leased ones that wait for their share. */
  get depth(): { running: number; waiting: number } {
    return { running: this.#running.size, waiting: this.#held.length };
  }

  /** Takes up what an earlier run left, then keeps watch. */
  start(): void {
    this.#started = true;
    const { soleRunner, lease, clock } = this.#options;
    void this.#sweep(soleRunner ? clock() + lease : clock());
  }

  /** Ends running items early (their leases stay, so they are taken up again at the next start). */
  async stop(): Promise<void> {
    this.#started = false;
    this.#abort.abort();
    for (const each of this.#ends) each.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sweeping;
    await Promise.allSettled(this.#running);
  }

  /** When a caller takes a new item: the time its lease should end; in the past when it is neither run now nor waits here. */
  leaseForNew(item?: Item): number {
    const { clock, lease } = this.#options;
    return this.#hasRoom(item) || this.#canHold() ? clock() + lease : clock();
  }

  #hasRoom(item?: Item): boolean {
    const { capacity, shares } = this.#options;
    if (item !== undefined && shares !== undefined) return shares.admits(item);
    return this.#running.size < capacity;
  }

  #canHold(): boolean {
    return this.#options.shares !== undefined && this.#held.length < MOST_HELD;
  }

  /**
   * Runs an item the caller has leased with `leaseForNew`. Null: there was no room. It waits for its share here, or is left to the
   * next sweep.
   */
  execute(item: Item): Promise<Result> | null {
    const leaseUntil = this.#options.clock() + this.#options.lease;
    if (this.#hasRoom(item) && !this.#abort.signal.aborted) return this.#launch(item, leaseUntil);
    if (this.#canHold()) this.#hold(item, leaseUntil);
    else this.#backlog = true;
    return null;
  }

  #hold(item: Item, leaseUntil: number): void {
    if (this.#canHold()) {
      this.#held.push({ item, leaseUntil });
      if (this.#held.length === 1) this.#lookAgain();
    } else this.wakeAt(leaseUntil);
  }

  /** A run that ends looks at what is held; where none ends, some may have become old enough to give way. */
  #lookAgain(): void {
    const look = () => {
      this.#runHeld();
      if (this.#held.length > 0 && !this.#abort.signal.aborted) this.#lookAgain();
    };
    setTimeout(look, LOOK_AGAIN).unref();
  }

  #launch(item: Item, leaseUntil: number, isFirst = true): Promise<Result> {
    const { run, clock, onError, shares } = this.#options;
    const end = shares ? new AbortController() : this.#abort;
    let gaveWay = false;
    const leave = shares?.enter(item, () => {
      gaveWay = true;
      end.abort();
    });
    if (shares) this.#ends.add(end);
    const work = run(item, end.signal);
    this.#running.add(work);
    work
      .catch((error) => {
        if (isFirst) onError(error);
        if (error instanceof StoreUnavailable) this.#again(item, leaseUntil);
      })
      .finally(() => {
        this.#running.delete(work);
        this.#ends.delete(end);
        leave?.();
        if (gaveWay && !this.#abort.signal.aborted) this.#hold(item, leaseUntil);
        this.#runHeld();
        if (this.#backlog) this.wakeAt(clock());
      });
    return work;
  }

  /** Runs what waited for its share, as far as there is room; what waited too long is claimed again after its lease. */
  #runHeld(): void {
    if (this.#held.length === 0) return;
    const { clock, lease } = this.#options;
    const needed = clock() + lease * LEASE_NEEDED;
    const held = this.#held;
    this.#held = [];
    for (const each of held) {
      if (each.leaseUntil < needed) this.wakeAt(each.leaseUntil);
      else if (this.#abort.signal.aborted || !this.#hasRoom(each.item)) this.#held.push(each);
      else this.#launch(each.item, each.leaseUntil);
    }
  }

  /** Nobody else takes the item before its lease ends: what could not be recorded is done again until then. */
  #again(item: Item, leaseUntil: number): void {
    const { clock, capacity, againAfter = AGAIN_AFTER } = this.#options;
    setTimeout(() => {
      if (this.#abort.signal.aborted || clock() >= leaseUntil) return;
      if (this.#running.size >= capacity) this.#again(item, leaseUntil);
      else this.#launch(item, leaseUntil, false);
    }, againAfter).unref();
  }

  /** An item falls due at this time. */
  wakeAt(time: number): void {
    if (!this.#started) return;
    this.#wakes.add(time > this.#options.clock() ? Math.ceil(time / WAKE_TICK) * WAKE_TICK : time);
    this.#arm(Math.min(...this.#wakes));
  }

  #arm(time: number): void {
    if (!this.#started || time >= this.#timerAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    const { clock } = this.#options;
    this.#timerAt = time;
    this.#timer = setTimeout(() => void this.#sweep(clock()), Math.max(0, time - clock()));
  }

  async #sweep(due: number): Promise<void> {
    this.#timerAt = Number.POSITIVE_INFINITY;
    // The running sweep looks again for what fell due while it was looking.
    if (this.#sweeping) return this.#sweeping;
    for (const time of this.#wakes) if (time <= due) this.#wakes.delete(time);
    this.#sweeping = this.#claimAndRun(due).catch(this.#options.onError);
    await this.#sweeping;
    this.#sweeping = null;
    const { clock, sweepInterval = SWEEP_INTERVAL } = this.#options;
    this.#arm(Math.min(...this.#wakes, clock() + sweepInterval));
  }

  async #claimAndRun(due: number): Promise<void> {
    const { claim, capacity, lease, clock, shares } = this.#options;
    for (let look = 1; look <= MOST_LOOKS; look += 1) {
      const room = shares ? shares.room() : capacity - this.#running.size;
      this.#backlog = room === 0;
      if (room === 0) {
        if (shares) this.wakeAt(clock() + LOOK_AGAIN);
        return;
      }
      const leaseUntil = Math.max(due, clock()) + lease;
      const items = await claim(due, leaseUntil, room);
      // Where places are shared there may be more of whoever had its part.
      this.#backlog = items.length === room || (shares !== undefined && items.length > 0);
      // Leased to us already: they run even if direct callers took the room meanwhile, but never more than their share.
      let waiting = 0;
      for (const item of items) {
        if (shares?.admits(item) ?? true) this.#launch(item, leaseUntil);
        else {
          waiting += 1;
          this.#hold(item, leaseUntil);
        }
      }
      // Behind what must wait for its share there may be what need not.
      if (waiting === 0) return;
    }
  }
}
