/** A question unanswered for so long, in ms, with nothing else heard either, raises the suspicion that nobody answers. */
const SUSPECT_AFTER = 250;
/** How long the neutral question waits for its answer; and the pause before it is asked again while there is need to know. */
const NEUTRAL_WAIT = 1_000;
const ASK_AGAIN_AFTER = 2_000;

/**
 * Knows whether the DNS servers answer at all. A single unanswered question proves nothing: its zone may be
 * broken, even on purpose. So a neutral question is then asked in the background; when that has no answer
 * either, the servers count as silent until the next packet arrives.
 */
export class Liveness {
  #silent = false;
  /** True when questions were sent since the last packet arrived. */
  #waiting = false;
  #timer: NodeJS.Timeout | null = null;
  #askedSince = false;

  /**
   * @param askNeutral sends a question every server answers; whatever comes back is told to `heard`
   * @param onChange told when silence begins and ends
   */
  constructor(
    private readonly askNeutral: (milliseconds: number) => Promise<unknown>,
    private readonly onChange: (isSilent: boolean) => void = () => undefined,
  ) {}

  get isSilent(): boolean {
    return this.#silent;
  }

  /** A question was sent. */
  asked(): void {
    this.#askedSince = true;
    if (this.#waiting) return;
    this.#waiting = true;
    this.#later(SUSPECT_AFTER);
  }

  /** A packet came from a server, whatever it says. */
  heard(): void {
    this.#waiting = false;
    this.#set(false);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Checks now, before anybody has to know. */
  probe(): void {
    this.#waiting = true;
    void this.#probe();
  }

  /** Asks nothing any more. */
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
    // While nobody asks anything, nobody needs to know: the next question begins anew.
    if (this.#askedSince) this.#later(ASK_AGAIN_AFTER);
    else this.#waiting = false;
  }
}
