import { Worker } from 'node:worker_threads';
import { StoreConflict, StoreRefused, StoreTooNew, StoreUnavailable } from '../contract/errors.js';
import type { StoreKind } from '../contract/open.js';
import type { Arguments, Calls, OperationResult } from '../rows/calls.js';
import { damaged } from './failures.js';
import type { Call, FailedCall, Reply, Request, WorkerData } from './protocol.js';

/** Most calls in a batch: bounds the duration of a commit and the size of a message. */
const MAX_BATCH = 512;
/**
 * Shortest interval between a batch of several calls and the next, in ms. A busy system thus collects larger batches;
 * a single caller never waits.
 */
const MIN_INTERVAL_MS = 4;
/** Most waiting calls. The disk cannot catch up with more, so further calls are refused at once. */
const MAX_WAITING = 20_000;
/** Pause before a crashed database thread is started again, doubled at each failure in a row. */
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;

/**
 * Young generation of the thread, in MiB. All objects of a batch are garbage at its end; Node's default of 48 would
 * fill up before the first collection.
 */
const YOUNG_GENERATION_MB = 2;

/**
 * Vitest runs this file from source, but a thread cannot load TypeScript: it loads the built file
 * (tools/prepare.mjs).
 */
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/store/sqlite/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);

interface Waiting {
  call: Call;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface EngineOptions {
  path: string;
  kind: StoreKind;
  /** The database thread died or could not be started again; it is being restarted. */
  onCrash?(error: Error): void;
}

/**
 * SQLite behind a queue. Calls made while a batch is running wait and form the next one, sent in one message.
 * The thread runs a batch in one transaction, so that all its calls share one fsync. A call resolves after
 * COMMIT. Rejects with StoreUnavailable when nothing was committed, with StoreConflict when the values
 * contradict stored rows.
 */
export class Engine<O> implements Calls<O> {
  readonly #options: EngineOptions;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];
  #running: Waiting[] | null = null;
  #scheduled = false;
  /** The next batch starts no earlier, by performance.now. */
  #notBefore = 0;
  #restart: NodeJS.Timeout | null = null;
  #failuresInARow = 0;
  /** Set when pages of the file were found damaged, until the process ends. */
  #damage: StoreRefused | null = null;
  #closed: Promise<void> | null = null;
  #drained: (() => void) | null = null;

  private constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Opens and migrates the database. Rejects with StoreTooNew, StoreRefused, or StoreUnavailable with the reason. */
  static async open<O>(options: EngineOptions): Promise<Engine<O>> {
    const engine = new Engine<O>(options);
    await engine.#start();
    return engine;
  }

  call<Name extends keyof O & string>(
    name: Name,
    ...args: Arguments<O[Name]>
  ): Promise<OperationResult<O[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StoreUnavailable('the store is closed'));
      // Other pages may be intact: calls are still answered where possible, but readiness fails.
      if (name === 'ping' && this.#damage !== null) return reject(this.#damage);
      if (this.#waiting.length >= MAX_WAITING) {
        return reject(new StoreUnavailable(`${MAX_WAITING} calls wait for the database already`));
      }
      this.#waiting.push({ call: [name, args], resolve: resolve as (result: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Finishes earlier calls, then closes the database. Later calls reject. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    if (this.#running || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    if (this.#restart) clearTimeout(this.#restart);
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = null;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage(null satisfies Request);
    });
  }

  /**
   * Sends after the sockets' turn of the event loop, so that calls of many requests share a message. It waits a
   * little when a batch of several calls was sent just now, because a commit and four thread switches cost more than
   * the calls.
   */
  #schedule(): void {
    if (this.#scheduled || this.#running || !this.#worker) return;
    this.#scheduled = true;
    const send = () => {
      this.#scheduled = false;
      this.#send();
    };
    const early = this.#notBefore - performance.now();
    if (early > 0) setTimeout(send, early);
    else setImmediate(send);
  }

  #send(): void {
    if (this.#running || !this.#worker) return;
    if (this.#waiting.length === 0) {
      this.#drained?.();
      return;
    }
    this.#running = this.#waiting.length <= MAX_BATCH ? this.#waiting : this.#waiting.slice(0, MAX_BATCH);
    this.#waiting = this.#waiting.length <= MAX_BATCH ? [] : this.#waiting.slice(MAX_BATCH);
    if (this.#running.length > 1) this.#notBefore = performance.now() + MIN_INTERVAL_MS;
    this.#worker.postMessage(this.#running.map(({ call }) => call) satisfies Request);
  }

  #receive(results: unknown[], failures: FailedCall[]): void {
    const batch = this.#running ?? [];
    this.#running = null;
    this.#failuresInARow = 0;
    for (const { index, kind, message } of failures) batch[index]?.reject(this.#failure(kind, message));
    // A call that was rejected above is not affected.
    batch.forEach(({ resolve }, index) => {
      resolve(results[index]);
    });
    if (this.#waiting.length > 0) this.#schedule();
    else this.#drained?.();
  }

  #failure(kind: FailedCall['kind'], message: string): Error {
    if (kind !== 'damaged') return new FAILURES[kind](message);
    const error = new StoreRefused(`${this.#options.path}: ${damaged(message)}`);
    if (this.#damage === null) this.#options.onCrash?.(error);
    this.#damage ??= error;
    return error;
  }

  /** Resolves when the thread has the database open. */
  #start(): Promise<void> {
    const { path, kind } = this.#options;
    const worker = new Worker(WORKER_URL, {
      workerData: { path, kind } satisfies WorkerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    return new Promise((resolve, reject) => {
      let ready = false;
      let cause: Error | null = null;
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', (code) => {
        const error = cause ?? new StoreUnavailable(`the database thread ended with code ${code}`);
        if (!ready) reject(error);
        else if (this.#worker === worker) this.#crashed(error);
      });
      worker.on('message', (reply: Reply) => {
        if (reply.type === 'done') this.#receive(reply.results, reply.failures);
        else if (reply.type === 'refused') {
          cause = new REFUSALS[reply.reason](`${path}: ${reply.message}`);
        } else {
          ready = true;
          resolve();
          // Closed while a crashed thread was being replaced, and no calls wait.
          if (this.#closed && !this.#drained) return worker.postMessage(null satisfies Request);
          this.#worker = worker;
          if (this.#waiting.length > 0 || this.#drained) this.#schedule();
        }
      });
    });
  }

  /**
   * Rejects the running batch, because which of its calls were committed is unknown. Waiting calls stay queued for
   * the next thread.
   */
  #crashed(error: Error): void {
    this.#worker = null;
    const lost = this.#running ?? [];
    this.#running = null;
    for (const { reject } of lost) reject(new StoreUnavailable('the database thread died', { cause: error }));
    this.#restartLater(error);
  }

  #restartLater(error: Error): void {
    this.#options.onCrash?.(error);
    const pause = Math.min(FIRST_RESTART_MS * 2 ** this.#failuresInARow, MAX_RESTART_MS);
    this.#failuresInARow += 1;
    this.#restart = setTimeout(() => {
      this.#restart = null;
      this.#start().catch((failure: Error) => {
        const refused = this.#waiting;
        this.#waiting = [];
        for (const { reject } of refused) {
          reject(new StoreUnavailable('the database thread cannot be started', { cause: failure }));
        }
        this.#drained?.();
        if (!this.#closed) this.#restartLater(failure);
      });
    }, pause);
  }
}

const REFUSALS = { tooNew: StoreTooNew, refused: StoreRefused, failed: StoreUnavailable };

const FAILURES = {
  unavailable: StoreUnavailable,
  damaged: StoreRefused,
  conflict: StoreConflict,
  fault: Error,
};
