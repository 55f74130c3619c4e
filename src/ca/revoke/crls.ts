import type { Logger } from 'pino';
import { DAY } from '../../lib/time.js';
import type { CaStore } from '../../store/contract/ca.js';
import type { AuthoritySet } from '../authorities/set.js';
import { CrlPublisher } from './crl-publisher.js';

interface CrlsOptions {
  store: CaStore;
  set: AuthoritySet;
  /** Time from the signature of an issuer's CRL to its nextUpdate, in ms. */
  validity: number;
  clock: () => number;
  log: Logger;
}

/** Validity of a root's CRL, in ms. It lists issuers, so it changes rarely, and it must last while the key is offline. */
const ROOT_VALIDITY = 180 * DAY;

/** The CRLs of all authorities of the set, with one publisher each. */
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

  /** Time from the signature of an issuer's CRL to its nextUpdate, in ms. */
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
   * The publisher of an authority by its id, or null. The set is read again for an unknown id, which another
   * process may have added.
   * @throws StoreUnavailable
   */
  async find(id: string): Promise<CrlPublisher | null> {
    if (!this.#publishers.has(id)) await this.options.set.reload();
    return this.#publishers.get(id) ?? null;
  }

  /** Makes a new CRL of an issuer (by tag), because one of its certificates was revoked or is no longer on hold. */
  publish(tag: string): void {
    const member = this.options.set.byTag(tag);
    if (member === null || member.signer === null) return;
    this.of(member.id)
      .publish()
      .catch((err) => this.options.log.error({ err }, 'the CRL could not be published'));
  }

  /** Makes a publisher for each new member, and another for a member whose key appeared or disappeared. Starts them one by one. */
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
