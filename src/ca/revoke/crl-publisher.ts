import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import { SingleFlight } from '../../lib/single-flight.js';
import type { CaStore, StoredCrl } from '../../store/contract/ca.js';
import { StoreUnavailable } from '../../store/contract/errors.js';
import { isCrlSignedBy } from '../../x509/crl.js';
import type { Member } from '../authorities/member.js';
import { BACKDATE } from '../issue/factory.js';
import { buildCrl, type RevokedCertificate } from './crl.js';

export interface CrlPublisherOptions {
  store: CaStore;
  issuer: Member;
  /** From the moment it is made to nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
}

/** Entries read at a time: a CRL of 100,000 takes fifty round trips to the database. */
const PAGE = 2_000;
/** Renewed when this part of its life is left: two failed days of seven do no harm. */
const RENEW_LEFT = 1 / 3;
/** How often a timer looks whether it is time: setTimeout cannot wait longer than 24.8 days. */
const LOOK_EVERY_MS = 10_000;
/** Clocks of CAs on one store may differ by less; a CRL made further ahead was made by a clock that was wrong. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Keeps the CRL current (RFC 5280 §5): makes a new one at every revocation, and before nextUpdate.
 * Revocations that arrive while one is being made share the next.
 */
export class CrlPublisher {
  #current: StoredCrl | null = null;
  /** The previous CRL: a reader that began with it may finish. */
  #previous: StoredCrl | null = null;
  readonly #making = new SingleFlight(() => this.#make());
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CrlPublisherOptions) {}

  /**
   * Loads the stored CRL, or makes the first; then renews it in time. Another is made when the process ended
   * between a revocation and its CRL, or the issuer has another key.
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
   * The CRL with every revocation confirmed before, by any CA on this store; never one whose nextUpdate is
   * past, or that a clock ahead of ours made. While the store is unavailable, the last known one is served.
   */
  async current(): Promise<StoredCrl> {
    await this.#making.settled();
    const known = this.#current;
    try {
      if (known !== null && (await this.#serves(known))) return known;
      const stored = await this.options.store.getCrl(this.options.issuer.tag);
      // Only its signer, elsewhere, could make a new one.
      if (this.options.issuer.signer === null) {
        if (stored === null) throw this.#none();
        this.#replace(stored);
        return stored;
      }
      if (stored === null || !(await this.#serves(stored))) return this.publish();
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

  /** The CRL with this number, if it is the last one made or the one before. */
  kept(number: number): StoredCrl | null {
    return [this.#current, this.#previous].find((crl) => crl?.number === number) ?? null;
  }

  /** Signs and stores a CRL that has every revocation stored before this call. */
  publish(): Promise<StoredCrl> {
    return this.#making.after();
  }

  /** Before the current one gets old, unless another CA has done it. */
  async #renew(): Promise<void> {
    if (!this.#isDue()) return;
    this.#replace(await this.options.store.getCrl(this.options.issuer.tag));
    if (this.#isDue()) await this.publish();
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

  /** It lasts longer than one made now would: the clock was ahead, or `validity` was longer. */
  #isAhead({ nextUpdate }: StoredCrl): boolean {
    const { clock, validity } = this.options;
    return nextUpdate > clock() + validity + CLOCK_SKEW_MS;
  }

  /**
   * RFC 5280 §3.3: a certificate stays listed until a scheduled CRL made after its end has listed it. Those that ended before
   * this time have been on one: it is a scheduled CRL's whole life ago, and before the last CRL of all was made.
   */
  #listedBefore(now: number): number {
    return Math.min(now - this.options.validity, this.#current?.thisUpdate ?? now);
  }

  /**
   * Backdated because client clocks lag. Never to the second of the previous CRL, because If-Modified-Since
   * tells CRLs apart by the second.
   */
  #thisUpdate(now: number): number {
    const backdated = now - Math.min(BACKDATE, this.options.validity / 2);
    const last = this.#current?.thisUpdate ?? 0;
    return Math.min(now, Math.max(backdated, last + 1000));
  }

  #report(error: unknown): void {
    this.options.log.error({ err: error }, 'the CRL could not be published');
  }

  async #make(): Promise<StoredCrl> {
    const { store, issuer, validity, clock, log } = this.options;
    const { tag, der: certificate } = issuer;
    // Before anything is begun: without its key nothing can be.
    const signer = issuer.signing;
    const now = clock();
    const number = await store.allocateCrlNumber(tag, now);
    const thisUpdate = this.#thisUpdate(now);
    const nextUpdate = now + validity;
    const der = await buildCrl(
      { certificate, signer },
      { number: BigInt(number), thisUpdate, nextUpdate },
      this.#revoked(now),
    );
    const crl = { number, der, thisUpdate, nextUpdate };
    this.#replace((await store.putCrl(tag, crl)) ? crl : await store.getCrl(tag));
    log.debug({ issuer: issuer.id, number, bytes: der.length }, 'CRL published');
    return this.#current ?? crl;
  }

  async *#revoked(now: number): AsyncGenerator<RevokedCertificate[]> {
    const endedFrom = this.#listedBefore(now);
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<CaStore['listRevoked']>> = await this.options.store.listRevoked({
        issuer: this.options.issuer.tag,
        after,
        limit: PAGE,
        endedFrom,
      });
      // Verifiers exist that take a certificate revoked in the future as good until then: a clock was ahead.
      yield page.items.map((each) => ({ ...each, revokedAt: Math.min(each.revokedAt, now) }));
      after = page.next;
    } while (after !== null);
  }
}
