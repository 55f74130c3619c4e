/** Work that runs once at a time, however many ask for it. */
export class SingleFlight<T> {
  #running: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(private readonly work: () => Promise<T>) {}

  /** The outcome of the run under way, or of one started now. */
  join(): Promise<T> {
    this.#running ??= this.work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** The outcome of a run that begins after this call; callers that wait for the run under way to end share the next. */
  after(): Promise<T> {
    if (this.#running === null) return this.join();
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.join();
      });
    return this.#next;
  }

  /** Resolves when nothing runs and nothing waits. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#next !== null) {
      await Promise.allSettled([this.#running, this.#next]);
    }
  }

  /** Resolves when what was asked for before this call has ended. Never rejects. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {});
  }
}
