import type { Logger } from 'pino';
import { DAY } from '../../lib/time.js';
import type { CaStore } from '../../store/contract/ca.js';
import type { AuthoritySet } from '../authorities/set.js';
import { CrlPublisher } from './crl-publisher.js';

interface CrlsOptions {
  store: CaStore;
  set: AuthoritySet;
  /** From the moment an issuer's CRL is made to its nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
}

/** A root signs seldom: its CRL lists issuers, and may have to last while its key is locked away. In ms. */
const ROOT_VALIDITY = 180 * DAY;

/** The CRLs of all authorities of the set: one publisher each, made when the set gets another. */
export class Crls {
  readonly #publishers = new Map<string, CrlPublisher>();
  #stopped = false;

  constructor(private readonly options: CrlsOptions) {}

  async start(): Promise<void> {
    const { set } = this.options;
    await this.#follow();
    set.onChange(() => {
      this.#follow().catch((err) => this.options.log.error({ err }, 'a CRL could not be published'));
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#publishers.values()].map((publisher) => publisher.stop()));
  }

  /** From the moment an issuer's CRL is made to its nextUpdate, in ms. */
  get validity(): number {
    return this.options.validity;
  }

  /** The CRL of the issuer in use. */
  get active(): CrlPublisher {
    return this.of(this.options.set.newest?.id ?? '');
  }

  /** The CRL of an authority, by its id. @throws RangeError for an unknown id */
  of(id: string): CrlPublisher {
    const publisher = this.#publishers.get(id);
    if (publisher === undefined) throw new RangeError(`there is no authority ${id}`);
    return publisher;
  }

  /**
   * By the id of the authority; one that another process has made a moment ago is read from the store. Null: there is none.
   * @throws StoreUnavailable
   */
  async find(id: string): Promise<CrlPublisher | null> {
    if (!this.#publishers.has(id)) await this.options.set.reload();
    return this.#publishers.get(id) ?? null;
  }

  /** A certificate of this issuer (by tag) was revoked, or taken off hold. */
  publish(tag: string): void {
    const member = this.options.set.byTag(tag);
    if (member === null || member.signer === null) return;
    this.of(member.id)
      .publish()
      .catch((err) => this.options.log.error({ err }, 'the CRL could not be published'));
  }

  /** A publisher for each member, at once; a key that came or went makes another. They are started one after the other. */
  async #follow(): Promise<void> {
    if (this.#stopped) return;
    const { store, set, validity, clock, log } = this.options;
    const made = set.members.flatMap((issuer) => {
      const replaced = this.#publishers.get(issuer.id);
      if (replaced !== undefined && replaced.canSign === (issuer.signer !== null)) return [];
      const publisher = new CrlPublisher({
        ...{ store, issuer, clock, log },
        validity: issuer.issues ? validity : ROOT_VALIDITY,
      });
      this.#publishers.set(issuer.id, publisher);
      return [{ publisher, replaced }];
    });
    for (const { publisher, replaced } of made) {
      await replaced?.stop();
      if (!this.#stopped) await publisher.start();
    }
  }
}
