import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import { SingleFlight } from '../../lib/single-flight.js';
import type { CaStore, StoredCrl } from '../../store/contract/ca.js';
import { StoreUnavailable } from '../../store/contract/errors.js';
import { isCrlSignedBy } from '../../x509/crl.js';
import type { Member } from '../authorities/member.js';
import { BACKDATE } from '../issue/factory.js';
import { signCrl } from './crl.js';
import { CrlEntries } from './crl-entries.js';

export interface CrlPublisherOptions {
  store: CaStore;
  issuer: Member;
  /** Time from the signature to nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
}

/** The CRL is renewed when this fraction of its validity is left: two days of failures in seven do no harm. */
const RENEW_LEFT = 1 / 3;
/** How often a timer checks whether the CRL is due: setTimeout cannot wait longer than 24.8 days. */
const LOOK_EVERY_MS = 10_000;
/** Allowed difference between the clocks of CAs on one store. A CRL further ahead was made with a wrong clock. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Keeps the CRL current (RFC 5280 §5): makes a new one at every revocation and before nextUpdate. Revocations
 * that arrive while one is being made share the next.
 */
export class CrlPublisher {
  #current: StoredCrl | null = null;
  /** The previous CRL, for a reader that is in the middle of it. */
  #previous: StoredCrl | null = null;
  readonly #making = new SingleFlight(() => this.#make());
  readonly #entries: CrlEntries;
  /** The last number that was allocated here. */
  #lastNumber = 0;
  /** Whether the next CRL is made of all revoked certificates. */
  #inFull = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CrlPublisherOptions) {
    const { store, issuer } = options;
    this.#entries = new CrlEntries({ store, issuer: issuer.tag });
  }

  /**
   * Loads the stored CRL or makes the first, and renews it in time. A new CRL is made if the process ended
   * between a revocation and its CRL, or if the issuer has another key.
   */
  async start(): Promise<void> {
    const { store, issuer } = this.options;
    if (issuer.signer !== null) {
      this.#timer = setInterval(() => {
        this.#renew().catch((error) => this.#report(error));
      }, LOOK_EVERY_MS);
    }
    const stored = await store.getCrl(issuer.tag);
    if (issuer.signer === null) {
      this.#current = stored;
      return;
    }
    if (stored === null) await this.publish();
    else {
      this.#current = stored;
      const isGood = this.#isOurs(stored) && !this.#isDue() && (await this.#serves(stored));
      if (!isGood) this.publish().catch((error) => this.#report(error));
    }
  }

  get canSign(): boolean {
    return this.options.issuer.signer !== null;
  }

  /** Stops the timer and waits for the CRL being made. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#making.idle();
  }

  /**
   * A CRL with every revocation that was confirmed before this call, by any CA on this store. Its nextUpdate
   * is not past, and it was not made with a clock that was ahead. While the store is unavailable, the last
   * known CRL is returned.
   */
  async current(): Promise<StoredCrl> {
    await this.#making.settled();
    const known = this.#current;
    try {
      if (known !== null && (await this.#serves(known))) return known;
      const { store, issuer } = this.options;
      // Without the key no new CRL can be made here.
      const stored = await (this.canSign ? store.getCurrentCrl(issuer.tag) : store.getCrl(issuer.tag));
      if (this.canSign && (stored === null || !this.#lasts(stored))) return this.publish();
      if (stored === null) throw this.#none();
      this.#replace(stored);
      return stored;
    } catch (error) {
      if (error instanceof StoreUnavailable && known !== null && this.#lasts(known)) return known;
      throw error;
    }
  }

  #none(): TaskError {
    const { id, isElsewhere } = this.options.issuer;
    return isElsewhere
      ? new TaskError(
          ErrorCode.certificate,
          `There is no CRL of ${id} here: its key is elsewhere`,
          'notFound',
        )
      : new TaskError(ErrorCode.certificate, `There is no CRL of ${id} yet: its key cannot be used`, 'retry');
  }

  /** The CRL with this number, if it is the last or the one before it. */
  kept(number: number): StoredCrl | null {
    return [this.#current, this.#previous].find((crl) => crl?.number === number) ?? null;
  }

  /** Signs and stores a CRL that has every revocation stored before this call. */
  publish(): Promise<StoredCrl> {
    return this.#making.after();
  }

  /** The same, of all revoked certificates: it takes over nothing from the CRL before. */
  publishInFull(): Promise<StoredCrl> {
    this.#inFull = true;
    return this.publish();
  }

  /** Makes a new CRL when the current one is due, unless another CA has made one. */
  async #renew(): Promise<void> {
    if (!this.#isDue()) return;
    this.#replace(await this.options.store.getCrl(this.options.issuer.tag));
    if (this.#isDue()) await this.publishInFull();
  }

  #replace(crl: StoredCrl | null): void {
    if (crl?.number !== this.#current?.number) this.#previous = this.#current;
    this.#current = crl;
  }

  async #serves(crl: StoredCrl): Promise<boolean> {
    return this.#lasts(crl) && this.options.store.isCrlCurrent(this.options.issuer.tag, crl.number);
  }

  #isOurs({ der }: StoredCrl): boolean {
    return isCrlSignedBy(der, this.options.issuer.publicKey);
  }

  #lasts(crl: StoredCrl): boolean {
    return crl.nextUpdate > this.options.clock() && !this.#isAhead(crl);
  }

  #isDue(): boolean {
    const { clock, validity } = this.options;
    const crl = this.#current;
    return crl === null || crl.nextUpdate - clock() < validity * RENEW_LEFT || this.#isAhead(crl);
  }

  /** Whether the CRL lasts longer than one made now: the clock was ahead, or `validity` was longer. */
  #isAhead({ nextUpdate }: StoredCrl): boolean {
    const { clock, validity } = this.options;
    return nextUpdate > clock() + validity + CLOCK_SKEW_MS;
  }

  /**
   * RFC 5280 §3.3: a certificate stays listed until a scheduled CRL after its expiry has listed it.
   * Certificates that expired before this time were on such a CRL: it is one CRL validity ago, and before the
   * last CRL was made.
   */
  #listedBefore(now: number): number {
    return Math.min(now - this.options.validity, this.#current?.thisUpdate ?? now);
  }

  /**
   * Backdated because client clocks lag. Its second differs from the previous CRL's, because
   * If-Modified-Since compares seconds.
   */
  #thisUpdate(now: number): number {
    const backdated = now - Math.min(BACKDATE, this.options.validity / 2);
    const last = this.#current?.thisUpdate ?? 0;
    return Math.min(now, Math.max(backdated, last + 1000));
  }

  /** A number above all that were allocated here: a database that lost its last transactions would allocate one again. */
  async #allocate(now: number, allocation: string): Promise<number> {
    const { store, issuer } = this.options;
    let number = await store.allocateCrlNumber(issuer.tag, now, allocation);
    if (number <= this.#lastNumber)
      number = await store.allocateCrlNumber(issuer.tag, this.#lastNumber + 1, allocation);
    this.#lastNumber = number;
    return number;
  }

  #report(error: unknown): void {
    this.options.log.error({ err: error }, 'the CRL could not be published');
  }

  async #make(): Promise<StoredCrl> {
    const { store, issuer, validity, clock, log } = this.options;
    const { tag, der: certificate } = issuer;
    // Throws before anything is allocated if the key is missing.
    const signer = issuer.signing;
    if (this.#inFull) this.#entries.forget();
    this.#inFull = false;
    const now = clock();
    const allocation = randomUUID();
    const number = await this.#allocate(now, allocation);
    const endedFrom = this.#listedBefore(now);
    const { entries, keep } = await this.#entries.of({ number, allocation, now, endedFrom });
    const thisUpdate = this.#thisUpdate(now);
    const nextUpdate = now + validity;
    const made = await signCrl(
      { certificate, signer },
      { number: BigInt(number), thisUpdate, nextUpdate },
      entries,
    );
    keep(made.entries);
    const crl = { number, der: made.der, thisUpdate, nextUpdate };
    this.#replace((await store.putCrl(tag, crl)) ? crl : await store.getCrl(tag));
    log.debug({ issuer: issuer.id, number, bytes: made.der.length }, 'CRL published');
    return this.#current ?? crl;
  }
}
