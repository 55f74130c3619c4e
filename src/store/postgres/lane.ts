import { StoreUnavailable } from '../contract/errors.js';
import { type Answer, Batch, type Statement } from './batch.js';
import { CONNECT_TIMEOUT, type Connections } from './connections.js';
import { leavesConnectionUsable, mayDifferAlone, storeError } from './failures.js';

/** Most statements in a batch: their row locks are held until its last statement ends. */
const BATCH = 64;
/** A statement that has waited this long for a running batch, in ms, starts on another connection. */
const PATIENCE = 20;
/** Most concurrent batches. */
const AT_ONCE = 4;
/**
 * After a batch of at least SEVERAL statements, the next batch waits COMPANY ms for more statements: a batch costs
 * both ends as much as several statements. A single client has no batches of that size, so it never waits.
 */
const SEVERAL = 3;
const COMPANY = 2;

interface Waiting {
  statement: Statement;
  since: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Statements of many requests on one connection. Those that arrive during a batch form the next batch, and
 * share its round trip and commit. Only short statements belong here. When one of a batch fails, the server
 * rolls back all of them, and each is run again `alone`; so batching changes costs, never answers.
 */
export class Lane {
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  /** How many statements the last batch had. */
  #last = 0;
  #scheduled = false;
  #watching = false;

  constructor(
    private readonly connections: Connections,
    private readonly alone: (statement: Statement) => Promise<Answer>,
    private readonly mostWaiting: number,
  ) {}

  /** Implements Database; resolves after the commit. */
  async ask(statement: Statement): Promise<Answer> {
    if (this.#waiting.length >= this.mostWaiting) {
      throw new StoreUnavailable(`${this.mostWaiting} statements wait for the database already`);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statement, since: performance.now(), resolve, reject });
      if (this.#underWay === 0) this.#schedule();
      else this.#watch();
    });
  }

  /**
   * Sends at the end of this turn of the event loop or, when busy, a little later, together with statements that
   * arrive until then.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const send = () => {
      this.#scheduled = false;
      if (this.#underWay === 0) this.#send();
    };
    if (this.#last < SEVERAL) setImmediate(send);
    else setTimeout(send, COMPANY);
  }

  #send(): void {
    const together = this.#waiting.splice(0, BATCH);
    if (together.length === 0) return;
    this.#underWay += 1;
    this.#last = together.length;
    if (this.#waiting.length > 0) this.#watch();
    void this.#carryOut(together).finally(() => {
      this.#underWay -= 1;
      if (this.#underWay === 0 && this.#waiting.length > 0) this.#schedule();
    });
  }

  async #carryOut(together: readonly Waiting[]): Promise<void> {
    const batch = new Batch(together.map(({ statement }) => statement));
    try {
      const answers = await this.connections.carryOut(batch);
      together.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer) resolve(answer);
        else reject(new Error('a statement was not answered'));
      });
    } catch (error) {
      // Only an error from the server proves that nothing was committed.
      const undone = leavesConnectionUsable(error);
      together.forEach(({ statement, resolve, reject }, index) => {
        const itsOwn = together.length === 1 || index === batch.current;
        if (!undone || (itsOwn && !mayDifferAlone(error))) reject(storeError(error));
        else this.alone(statement).then(resolve, reject);
      });
    }
  }

  /**
   * Checks the statements that wait behind a batch, until there are none: sends them on another connection, or
   * refuses them.
   */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    setTimeout(() => {
      this.#watching = false;
      const now = performance.now();
      while (this.#waitedSince(now, CONNECT_TIMEOUT)) {
        this.#waiting.shift()?.reject(new StoreUnavailable('the database was busy or silent for too long'));
      }
      if (this.#underWay < AT_ONCE && this.#waitedSince(now, PATIENCE)) this.#send();
      if (this.#waiting.length > 0) this.#watch();
    }, PATIENCE);
  }

  #waitedSince(now: number, milliseconds: number): boolean {
    const [first] = this.#waiting;
    return first !== undefined && now - first.since >= milliseconds;
  }
}
