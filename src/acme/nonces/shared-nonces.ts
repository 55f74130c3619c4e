import { randomBytes } from 'node:crypto';
import { monotonic } from '../../lib/monotonic.js';
import type { Account } from '../../model/facts.js';
import type { Subject, Subjects } from '../../model/subject.js';
import { ISSUER_BYTES, NONCE_KEY_BYTES, type Nonce, NonceForm } from './nonce-form.js';
import { NONCE_LIFETIME, type Nonces, type NonceVerdict } from './nonces.js';

type Mark = Pick<Nonce, 'id' | 'second'>;
type Spent = Exclude<NonceVerdict, 'expired'>;

/** The store of the key and the spent nonces, shared by replicas. */
interface NonceStore {
  /** The key of all replicas; without one, `candidate` becomes the key. */
  nonceKey(candidate: Uint8Array): Promise<Uint8Array>;
  /** Marks a nonce of this key as spent; `unknown` when the key is no longer in use. */
  spendNonce(key: Uint8Array, nonce: Mark): Promise<Spent>;
  /** As `spendNonce`, and reads the account with this id and what its request is about in the same step. */
  spendNonceBy<Kind extends keyof Subjects>(
    accountId: string,
    key: Uint8Array,
    nonce: Mark,
    about?: Subject<Kind>,
  ): Promise<{ spent: Spent; account: Account | null; found: Subjects[Kind] | null }>;
  /** Deletes at most `limit` spent nonces that were created before this second; resolves with their number. */
  forgetNonces(beforeSecond: number, limit: number): Promise<number>;
}

/** Every 256 new marks, up to 400 old ones are deleted, so that they are deleted slightly faster than they arrive. */
const FORGET_EVERY = 256;
const FORGET_AT_MOST = 400;
/** A nonce of another key may belong to a newer key. The store is queried for one at most once in this time, in ms. */
const LOOK_EVERY = 1_000;

/**
 * Replay nonces (RFC 8555 §6.5) that all replicas issue and accept, each once. Creating one needs no write. Spending one inserts a row
 * into an unlogged table, without waiting for a disk. The key is in an unlogged table too: if the database loses the spent nonces in
 * a crash or a failover, it loses the key as well, and all earlier nonces become unknown.
 *
 * Clocks of replicas may differ by less than the lifetime; spent nonces are stored for twice the lifetime.
 */
export class SharedNonces implements Nonces {
  readonly #issuer: Buffer;
  #counter = 0;
  #spends = 0;
  #looked = Number.NEGATIVE_INFINITY;
  #form: NonceForm;

  private constructor(
    private readonly store: NonceStore,
    private readonly clock: () => number,
    private readonly random: (bytes: number) => Buffer,
    private key: Uint8Array,
  ) {
    this.#issuer = random(ISSUER_BYTES);
    this.#form = new NonceForm(key);
  }

  static async open(
    store: NonceStore,
    {
      clock = Date.now,
      random = randomBytes,
    }: { clock?: () => number; random?: (bytes: number) => Buffer } = {},
  ): Promise<SharedNonces> {
    return new SharedNonces(store, clock, random, await store.nonceKey(random(NONCE_KEY_BYTES)));
  }

  mint(): string {
    return this.#form.write(this.#issuer, this.#counter++, Math.floor(this.clock() / 1000));
  }

  async spend(text: string): Promise<NonceVerdict> {
    const nonce = await this.#read(text);
    if (typeof nonce === 'string') return nonce;
    return this.#spent(await this.store.spendNonce(this.key, nonce));
  }

  async spendBy<Kind extends keyof Subjects>(
    accountId: string,
    text: string,
    about?: Subject<Kind>,
  ): Promise<{ verdict: NonceVerdict; account: Account | null; found: Subjects[Kind] | null }> {
    const nonce = await this.#read(text);
    if (typeof nonce === 'string') return { verdict: nonce, account: null, found: null };
    const { spent, account, found } = await this.store.spendNonceBy(accountId, this.key, nonce, about);
    return { verdict: await this.#spent(spent), account, found };
  }

  /** The checks of a nonce that need no store. */
  async #read(text: string): Promise<Nonce | 'unknown' | 'expired'> {
    const nonce = this.#form.read(text) ?? (await this.#readWithNewerKey(text));
    if (nonce === null) return 'unknown';
    return this.clock() - nonce.second * 1000 > NONCE_LIFETIME ? 'expired' : nonce;
  }

  async #spent(spent: Spent): Promise<Spent> {
    if (spent === 'unknown') await this.#renewKey();
    this.#forgetSome();
    return spent;
  }

  async #readWithNewerKey(text: string): Promise<Nonce | null> {
    if (monotonic() - this.#looked < LOOK_EVERY) return null;
    await this.#renewKey();
    return this.#form.read(text);
  }

  async #renewKey(): Promise<void> {
    this.#looked = monotonic();
    this.key = await this.store.nonceKey(this.random(NONCE_KEY_BYTES));
    this.#form = new NonceForm(this.key);
  }

  #forgetSome(): void {
    this.#spends += 1;
    if (this.#spends % FORGET_EVERY !== 0) return;
    const before = Math.floor((this.clock() - 2 * NONCE_LIFETIME) / 1000);
    // Marks that are not deleted now are deleted later. An unavailable store is reported by the requests that wait for it.
    this.store.forgetNonces(before, FORGET_AT_MOST).catch(() => {});
  }
}
