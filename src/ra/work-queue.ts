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
  onError(error: unknown): void;
}

export class WorkQueue<Item, Result> {
  readonly #options: WorkQueueOptions<Item, Result>;
  readonly #running = new Set<Promise<Result>>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #sweeping: Promise<void> | null = null;
  /** There may be more due items than there was room for. */
  #backlog = false;
  /** An item fell due while a sweep was already looking. */
  #sweepAgain = false;
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
    return this.#launch(item);
  }

  #launch(item: Item): Promise<Result> {
    const work = this.#options.run(item, this.#abort.signal);
    this.#running.add(work);
    work.catch(this.#options.onError).finally(() => {
      this.#running.delete(work);
      if (this.#backlog) this.wakeAt(this.#options.clock());
    });
    return work;
  }

  /** An item falls due at this time. */
  wakeAt(time: number): void {
    if (!this.#started || time >= this.#timerAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAt = time;
    this.#timer = setTimeout(
      () => void this.#sweep(this.#options.clock()),
      Math.max(0, time - this.#options.clock()),
    );
  }

  async #sweep(due: number): Promise<void> {
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (this.#sweeping) {
      this.#sweepAgain = true;
      return this.#sweeping;
    }
    this.#sweepAgain = false;
    this.#sweeping = this.#claimAndRun(due).catch(this.#options.onError);
    await this.#sweeping;
    this.#sweeping = null;
    this.wakeAt(this.#options.clock() + (this.#sweepAgain ? 0 : this.#options.sweepInterval));
  }

  async #claimAndRun(due: number): Promise<void> {
    const { claim, capacity, lease, clock } = this.#options;
    const room = capacity - this.#running.size;
    this.#backlog = room === 0;
    if (room === 0) return;
    const items = await claim(due, Math.max(due, clock()) + lease, room);
    if (items.length === room) this.#backlog = true;
    // Leased to us already: they run even if direct callers took the room meanwhile.
    for (const item of items) this.#launch(item);
  }
}
