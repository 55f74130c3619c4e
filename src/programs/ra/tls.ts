import type { Logger } from 'pino';
import type { TlsMaterial } from '../../http/server.js';
import { SingleFlight } from '../../lib/single-flight.js';
import type { CaTasks } from '../../python/ca-tasks.js';
import { namesOfCertificate, requestFor, validityTrouble, whyRenew } from './certificate.js';
import type { RaFiles, RaRegistration } from './files.js';
import type { RaTrust } from './trust.js';

/** How often the certificate is checked, in ms: often, because a certificate of a clock that was ahead must be replaced soon. */
const CHECK_EVERY = 10_000;
/** How often a due certificate is requested while the CA is unavailable, in ms. */
const RETRY_EVERY = 15_000;
/** How often a certificate is requested while the CA issues ones that are not valid yet, because its clock is ahead of ours, in ms. */
const AHEAD_EVERY = 5 * 60_000;

interface RaTlsOptions {
  files: RaFiles;
  ca: Pick<CaTasks, 'call'>;
  /** TLS key, PEM. */
  key: string;
  registration: Pick<RaRegistration, 'certificate'>;
  trust: Pick<RaTrust, 'clientCa' | 'isToBeReplaced'>;
  /** The names for the certificate that the CA can certify; the first is the Common Name. */
  wanted(): Promise<string[]>;
  log: Logger;
  clock(): number;
}

/** The RA's certificate. It is renewed when its names change or it is due; listeners receive each new one. */
export class RaTls {
  #certificate: string;
  #names: readonly string[];
  /** Whether the certificate was issued for, or compared with, the names that are wanted now. */
  #asIssued = false;
  /** Whether the CA has issued a certificate that is not valid yet. */
  #isAhead = false;
  #timer: NodeJS.Timeout | null = null;
  /** Shared by the timer and by a change of the CA's issuers, which may request a certificate at the same time. */
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

  /** Obtains a new certificate if one is due; true if it did. If the CA is unavailable it is tried again later. */
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

  /** Renews the certificate from now on; `onChange` receives each new one. */
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
