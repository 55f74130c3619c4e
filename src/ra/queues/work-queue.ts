/**
 * A durable queue's runner. The items live in the store, each leased to one runner at a time; a runner that dies
 * loses its leases to whoever claims next. This class bounds how many run at once, wakes up when the next item is
 * due, and looks from time to time for items another runner left behind.
 */
export interface WorkQueueOptions<Item, Result> {
  /** Leases up to `limit` due items. */
  claim(now: number, leaseUntil: number, limit: number): Promise<Item[]>;
  /** Carries one item out; must record its outcome (or a retry) in the store itself. */
  run(item: Item, signal: AbortSignal): Promise<Result>;
  /** Most items at once. */
  capacity: number;
  /** Milliseconds an item is held; longer than any run can take. */
  lease: number;
  /** Milliseconds between looks for abandoned items. */
  sweepInterval: number;
  /** No other process shares the store: what is leased at start was left behind by an earlier run of this one. */
  soleRunner: boolean;
  clock(): number;
  /** Whether an item whose run failed so is to be run again, as long as it is leased to us; never when absent. */
  passes?(error: unknown): boolean;
  /** Milliseconds between a run that failed and the next of the same item. Default one second. */
  againAfter?: number;
  /** Told of a failed run; once for an item that is run again and again. */
  onError(error: unknown): void;
}

/** As `againAfter`. */
const AGAIN_AFTER = 1_000;

/** Items that fall due within one tick share a look into the store; in ms, little beside the pauses of a retry. */
const WAKE_TICK = 20;

export class WorkQueue<Item, Result> {
  readonly #options: WorkQueueOptions<Item, Result>;
  readonly #running = new Set<Promise<Result>>();
  readonly #abort = new AbortController();
  /** When items known here fall due. Coalesced, so there are as many as ticks in the longest pause, not as items. */
  readonly #wakes = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #sweeping: Promise<void> | null = null;
  /** There may be more due items than there was room for. */
  #backlog = false;
  #started = false;

  constructor(options: WorkQueueOptions<Item, Result>) {
    this.#options = options;
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
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sweeping;
    await Promise.allSettled(this.#running);
  }

  /** When a caller takes a new item: the time its lease should end; in the past when there is no room to run it now. */
  leaseForNew(): number {
    const { clock, lease, capacity } = this.#options;
    return this.#running.size < capacity ? clock() + lease : clock();
  }

  /** Runs an item the caller has leased with `leaseForNew`, or leaves it to the next sweep when there is no room. */
  execute(item: Item): Promise<Result> | null {
    if (this.#running.size >= this.#options.capacity || this.#abort.signal.aborted) {
      this.#backlog = true;
      return null;
    }
    return this.#launch(item, this.#options.clock() + this.#options.lease);
  }

  #launch(item: Item, leaseUntil: number, isFirst = true): Promise<Result> {
    const { run, clock, onError } = this.#options;
    const work = run(item, this.#abort.signal);
    this.#running.add(work);
    work
      .catch((error) => {
        if (isFirst) onError(error);
        if (this.#options.passes?.(error)) this.#again(item, leaseUntil);
      })
      .finally(() => {
        this.#running.delete(work);
        if (this.#backlog) this.wakeAt(clock());
      });
    return work;
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
    this.#arm(Math.min(...this.#wakes, this.#options.clock() + this.#options.sweepInterval));
  }

  async #claimAndRun(due: number): Promise<void> {
    const { claim, capacity, lease, clock } = this.#options;
    const room = capacity - this.#running.size;
    this.#backlog = room === 0;
    if (room === 0) return;
    const leaseUntil = Math.max(due, clock()) + lease;
    const items = await claim(due, leaseUntil, room);
    if (items.length === room) this.#backlog = true;
    // Leased to us already: they run even if direct callers took the room meanwhile.
    for (const item of items) this.#launch(item, leaseUntil);
  }
}
