/** Work that runs once at a time; concurrent callers share a run. */
export class SingleFlight<T> {
  #running: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(private readonly work: () => Promise<T>) {}

  /** The outcome of the current run, or of one started now. */
  join(): Promise<T> {
    this.#running ??= this.work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** The outcome of a run that begins after this call. Callers that wait for the current run to end share the next one. */
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

  /** Resolves when no run is active or waiting. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#next !== null) {
      await Promise.allSettled([this.#running, this.#next]);
    }
  }

  /** Resolves when the runs that were requested before this call have ended. Never rejects. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {});
  }
}
