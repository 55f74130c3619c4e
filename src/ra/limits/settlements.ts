import type { Allowances, Use } from '../../store/contract/allowances.js';

/**
 * Collects the refunds and counts of one turn of the event loop and settles them together. The certificates of one commit then cost one
 * statement to the database, although each refunds its account and its address.
 */
export class Settlements {
  readonly #back = new Map<string, Use>();
  readonly #counted = new Map<string, Use>();
  #now = 0;
  #settled: Promise<void> | null = null;

  constructor(private readonly allowances: Pick<Allowances, 'settle'>) {}

  /** Resolves when it is settled. @throws StoreUnavailable */
  async add(back: readonly Use[], counted: readonly Use[], now: number): Promise<void> {
    if (back.length + counted.length === 0) return;
    for (const use of back) addTo(this.#back, use);
    for (const use of counted) addTo(this.#counted, use);
    this.#now = now;
    this.#settled ??= new Promise((resolve) => setImmediate(() => resolve(this.#settle())));
    await this.#settled;
  }

  #settle(): Promise<void> {
    this.#settled = null;
    const [back, counted] = [[...this.#back.values()], [...this.#counted.values()]];
    this.#back.clear();
    this.#counted.clear();
    return this.allowances.settle(back, counted, this.#now);
  }
}

function addTo(uses: Map<string, Use>, use: Use): void {
  const before = uses.get(use.key);
  uses.set(use.key, before ? { ...use, amount: before.amount + use.amount } : use);
}
