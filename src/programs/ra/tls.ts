import type { Logger } from 'pino';
import type { TlsMaterial } from '../../http/server.js';
import { SingleFlight } from '../../lib/single-flight.js';
import type { CaTasks } from '../../python/ca-tasks.js';
import { namesOfCertificate, requestFor, validityTrouble, whyRenew } from './certificate.js';
import type { RaFiles, RaRegistration } from './files.js';
import type { RaTrust } from './trust.js';

/** How often the certificate is looked at: one of a clock that was ahead is replaced as soon as the clock is right. */
const CHECK_EVERY = 10_000;
/** How often a certificate that is due is asked for while the CA is away. */
const RETRY_EVERY = 15_000;
/** How often while the CA gives certificates of our future: its clock is ahead of ours. */
const AHEAD_EVERY = 5 * 60_000;

interface RaTlsOptions {
  files: RaFiles;
  ca: Pick<CaTasks, 'call'>;
  /** TLS key, PEM. */
  key: string;
  registration: Pick<RaRegistration, 'certificate'>;
  trust: Pick<RaTrust, 'clientCa' | 'isToBeReplaced'>;
  /** The names the certificate is to have, the first as Common Name, as far as the CA certifies them. */
  wanted(): Promise<string[]>;
  log: Logger;
  clock(): number;
}

/** The RA's certificate: renewed when its names or its time demand it, and handed to the listener as it changes. */
export class RaTls {
  #certificate: string;
  #names: readonly string[];
  /** The certificate was obtained for the names wanted now, or compared with them already. */
  #asIssued = false;
  /** The CA gave one that is not valid yet. */
  #isAhead = false;
  #timer: NodeJS.Timeout | null = null;
  /** The timer and a change of the CA's issuers may ask for it at once. */
  readonly #refreshing = new SingleFlight(() => this.#refresh());

  constructor(private readonly options: RaTlsOptions) {
    this.#certificate = options.registration.certificate;
    this.#names = namesOfCertificate(this.#certificate);
  }

  /** Names and addresses in the certificate in use; the same array until they change. */
  names = (): readonly string[] => this.#names;

  material(): TlsMaterial {
    const { key, trust } = this.options;
    return { key, cert: this.#certificate, clientCa: [...trust.clientCa(), ...issuersOf(this.#certificate)] };
  }

  /** Obtains a new certificate when one is due; true when it did. A CA that is away is tried again later. */
  refresh(): Promise<boolean> {
    return this.#refreshing.join();
  }

  async #refresh(): Promise<boolean> {
    const { files, ca, key, trust, log, clock } = this.options;
    const wanted = await this.options.wanted();
    const why =
      whyRenew({ certificate: this.#certificate, key }, wanted, clock(), this.#asIssued) ??
      (trust.isToBeReplaced(this.#certificate) ? 'its issuer, or the root of that, is being replaced' : null);
    this.#asIssued = why === null;
    if (why === null) {
      this.#isAhead = false;
      return false;
    }
    try {
      log.info(`obtaining a new certificate for the RA: ${why}`);
      const { certificate } = await ca.call('sign', { csr: requestFor(wanted, key), profile: 'ra' });
      await files.saveCertificate(certificate);
      this.#certificate = certificate;
      this.#names = namesOfCertificate(certificate);
      this.#asIssued = true;
      this.#isAhead = validityTrouble(certificate, clock()) !== null;
      return true;
    } catch (error) {
      log.warn({ err: error }, 'the RA keeps its old certificate for now');
      return false;
    }
  }

  /** Keeps the certificate fresh; `onChange` gets each new one. */
  watch(onChange: (material: TlsMaterial) => void): void {
    const pause = this.#isAhead ? AHEAD_EVERY : this.#asIssued ? CHECK_EVERY : RETRY_EVERY;
    this.#timer = setTimeout(async () => {
      if (await this.refresh()) onChange(this.material());
      if (this.#timer) this.watch(onChange);
    }, pause);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** The certificates after the leaf. */
function issuersOf(chain: string): string[] {
  return (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).slice(1);
}
