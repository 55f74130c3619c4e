/** Time in ms without any packet after a question, after which the servers are probed. */
const SUSPECT_AFTER = 250;
/** Longest wait for the answer to a probe, and the pause before the next one while questions are sent. In ms. */
const NEUTRAL_WAIT = 1_000;
const ASK_AGAIN_AFTER = 2_000;

/**
 * Determines whether the DNS servers answer at all. A single unanswered question proves nothing: its zone may
 * be broken, even on purpose. So a probe, a question that every server answers, is then sent in the
 * background. If it has no answer either, the servers count as silent until the next packet arrives.
 */
export class Liveness {
  #silent = false;
  /** True when questions were sent since the last packet arrived. */
  #waiting = false;
  #timer: NodeJS.Timeout | null = null;
  #askedSince = false;

  /**
   * @param askNeutral sends the probe; every packet that arrives is reported to `heard`
   * @param onChange called when silence begins and ends
   */
  constructor(
    private readonly askNeutral: (milliseconds: number) => Promise<unknown>,
    private readonly onChange: (isSilent: boolean) => void = () => undefined,
  ) {}

  get isSilent(): boolean {
    return this.#silent;
  }

  /** Called when a question was sent. */
  asked(): void {
    this.#askedSince = true;
    if (this.#waiting) return;
    this.#waiting = true;
    this.#later(SUSPECT_AFTER);
  }

  /** Called when any packet came from a server. */
  heard(): void {
    this.#waiting = false;
    this.#set(false);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Sends a probe now, before the first question. */
  probe(): void {
    this.#waiting = true;
    void this.#probe();
  }

  /** Sends no more probes. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = true;
  }

  #set(isSilent: boolean): void {
    if (this.#silent === isSilent) return;
    this.#silent = isSilent;
    this.onChange(isSilent);
  }

  #later(milliseconds: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), milliseconds);
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    this.#timer = null;
    if (!this.#waiting) return;
    this.#askedSince = false;
    await this.askNeutral(NEUTRAL_WAIT).catch(() => undefined);
    if (!this.#waiting) return;
    this.#set(true);
    // Without new questions no further probe is needed; the next question starts again.
    if (this.#askedSince) this.#later(ASK_AGAIN_AFTER);
    else this.#waiting = false;
  }
}
