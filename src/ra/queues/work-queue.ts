import { StoreUnavailable } from '../../store/contract/errors.js';

/** The options of every queue of the RA. */
export interface QueueSurroundings {
  /** No other process shares the store, so leases that exist at the start belong to an earlier run of this process. */
  soleRunner: boolean;
  clock(): number;
  /** Called for a failed run; once for an item that is retried several times. */
  onError(error: unknown): void;
}

export interface WorkQueueOptions<Item, Result> extends QueueSurroundings {
  /** Leases up to `limit` due items. */
  claim(now: number, leaseUntil: number, limit: number): Promise<Item[]>;
  /** Runs one item and records its outcome (or a retry) in the store. When the signal aborts, it ends soon and records nothing. */
  run(item: Item, signal: AbortSignal): Promise<Result>;
  /** Limit of concurrent items. */
  capacity: number;
  /** The rules for places, if an item may be refused one while others are admitted. */
  shares?: Shares<Item>;
  /** Lease of an item in milliseconds; longer than any run can take. */
  lease: number;
  /** Milliseconds between searches for abandoned items. Default five seconds. */
  sweepInterval?: number;
  /** Milliseconds before an item is retried whose run failed because the store was unavailable. Default one second. */
  againAfter?: number;
}

/** The rules for the places of a queue. */
interface Shares<Item> {
  admits(item: Item): boolean;
  /** How many items to claim now. */
  room(): number;
  /** Takes a place; the returned function releases it. `giveWay` aborts the item's run, which is repeated later. */
  enter(item: Item, giveWay: () => void): () => void;
}

/** The defaults of `sweepInterval` and `againAfter`. */
const SWEEP_INTERVAL = 5_000;
const AGAIN_AFTER = 1_000;

/** The fraction of its lease that a waiting item must have left to be run. */
const LEASE_NEEDED = 0.75;
/** Limit of waiting items. Further items are claimed again after their lease ends. */
const MOST_HELD = 1_000;
/** Interval at which waiting items are examined while no run ends, in ms. */
const LOOK_AGAIN = 250;
/** Limit of successive claims in one sweep. Another claim follows while claimed items must wait for a place. */
const MOST_LOOKS = 10;

/** Items that fall due within one tick share one claim. In ms; short compared with the pauses of a retry. */
const WAKE_TICK = 20;

/**
 * Runs the items of a durable queue. The items are in the store, and each is leased to one runner at a time; the leases of a crashed
 * runner expire, and another runner claims its items. This class limits concurrency, wakes up when the next item falls due, searches
 * regularly for abandoned items, and retries items whose run failed because the store was unavailable.
 */
export class WorkQueue<Item, Result> {
  readonly #options: WorkQueueOptions<Item, Result>;
  readonly #running = new Set<Promise<Result>>();
  readonly #abort = new AbortController();
  /** Abort controllers of the runs that may have to give way. */
  readonly #ends = new Set<AbortController>();
  /** Due times of known items, rounded to ticks, so that their number is bounded by the longest pause and not by the items. */
  readonly #wakes = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #sweeping: Promise<void> | null = null;
  /** Leased items that wait for a place. */
  #held: { item: Item; leaseUntil: number }[] = [];
  /** The store may have more due items than there was room for. */
  #backlog = false;
  #started = false;

  constructor(options: WorkQueueOptions<Item, Result>) {
    this.#options = options;
  }

  /** The number of running items, and of leased items that wait for a place. */
  get depth(): { running: number; waiting: number } {
    return { running: this.#running.size, waiting: this.#held.length };
  }

  /** Claims the items that an earlier run left, then claims due items until `stop`. */
  start(): void {
    this.#started = true;
    const { soleRunner, lease, clock } = this.#options;
    void this.#sweep(soleRunner ? clock() + lease : clock());
  }

  /** Aborts running items. Their leases stay, so the next start claims them again. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#abort.abort();
    for (const each of this.#ends) each.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sweeping;
    await Promise.allSettled(this.#running);
  }

  /** The lease end for a caller's new item. It is already over if the item can neither run nor wait here. */
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

  /** Runs an item that the caller leased with `leaseForNew`. Null: there was no room, and the item waits here or for the next sweep. */
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

  /** Examines waiting items regularly: even if no run ends, a running item may have become old enough to give way. */
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

  /** Runs waiting items for which there is room. An item that waited too long is claimed again after its lease. */
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

  /** Retries an item whose outcome could not be recorded. No other runner claims it before its lease ends. */
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
    // The running sweep is followed by another for items that fall due meanwhile.
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
      // With shares, `claim` limits each account, so an account may have further due items.
      this.#backlog = items.length === room || (shares !== undefined && items.length > 0);
      // These items are leased to this runner: they run even if direct callers took the room meanwhile, unless their share is full.
      let waiting = 0;
      for (const item of items) {
        if (shares?.admits(item) ?? true) this.#launch(item, leaseUntil);
        else {
          waiting += 1;
          this.#hold(item, leaseUntil);
        }
      }
      // Some items must wait, but later items in the store may not have to.
      if (waiting === 0) return;
    }
  }
}
