import type { Logger } from 'pino';
import { monotonic } from '../../lib/monotonic.js';
import {
  CaLacksTask,
  CaUnavailable,
  type CertificateAuthority,
  type KnownAuthority,
} from '../../model/ca.js';
import { constraintsOf, isToBeReplaced, trustedRoots } from '../../ra/ca/authorities.js';
import { authorityKeyId, parseCertificate } from '../../x509/certificate.js';
import type { NameConstraints } from '../../x509/name-constraints.js';
import { firstFromPem } from '../../x509/pem.js';

/** How often the CA's roots and issuers are requested, in ms. */
const LOOK_EVERY = 5_000;
/** Pause before the same warning is logged again, in ms. */
const REMIND_EVERY = 86_400_000;

interface RaTrustOptions {
  ca: Pick<CertificateAuthority, 'authorities'>;
  /** Stores these roots (PEM) for the next start; resolves with the stored ones. */
  keep(roots: string): Promise<string>;
  /** PEM of the roots known so far. */
  roots: string;
  log: Logger;
}

/** The certificates that the RA trusts. It follows the CA's roots and issuers without a restart. */
export class RaTrust {
  #all: readonly KnownAuthority[] = [];
  #constraints: readonly NameConstraints[] = [];
  #roots: string;
  #kept: string;
  #timer: NodeJS.Timeout | null = null;
  readonly #reminded = new Map<string, number>();

  constructor(private readonly options: RaTrustOptions) {
    this.#roots = options.roots;
    this.#kept = options.roots;
  }

  /**
   * PEM of the roots, issuers and cross-certificates that client certificates may lead to. Clients may omit their issuer. With a
   * cross-certificate, a client certificate under a root that is no longer published leads to the root in use, so that nodes and
   * administrators can still renew with it.
   */
  clientCa = (): string[] => [
    this.#roots,
    ...this.#all
      .filter(({ kind, state }) => kind !== 'root' && state !== 'ended')
      .map(({ certificate }) => certificate),
  ];

  /** The CA's last report; empty for a CA that reports none. */
  known = (): readonly KnownAuthority[] => this.#all;

  /** The names that the issuer in use, the CAs above it and its root may certify. */
  constraints = (): readonly NameConstraints[] => this.#constraints;

  /** Whether a certificate (PEM) must be replaced before it is due. */
  isToBeReplaced = (certificate: string): boolean => {
    const parsed = parseCertificate(firstFromPem('CERTIFICATE', certificate));
    return isToBeReplaced(authorityKeyId(parsed), this.#all);
  };

  /** Requests roots and issuers once; true when they have changed. If the CA is unavailable it is tried again later. */
  async look(): Promise<boolean> {
    const { ca, keep, log } = this.options;
    let all: readonly KnownAuthority[];
    try {
      all = (await ca.authorities?.()) ?? [];
    } catch (error) {
      if (error instanceof CaUnavailable || error instanceof CaLacksTask) return false;
      throw error;
    }
    this.#remind(all);
    const before = JSON.stringify(this.#all);
    this.#all = all;
    this.#constraints = constraintsOf(all);
    const roots = trustedRoots(all);
    if (roots !== '' && roots !== this.#roots) {
      this.#roots = roots;
      log.info('the roots of the CA have changed; ca.crt holds those to trust now');
    }
    // Repeated until only these roots are stored: the previous root stays until the RA's certificate is renewed.
    if (this.#kept !== this.#roots) this.#kept = await keep(this.#roots);
    return JSON.stringify(all) !== before;
  }

  /** Requests them every few seconds; `onChange` is called after each change. */
  watch(onChange: () => void): void {
    this.#timer = setInterval(() => {
      this.look()
        .then((changed) => changed && onChange())
        .catch((err) => this.options.log.error({ err }, 'the roots of the CA could not be followed'));
    }, LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  #remind(all: readonly KnownAuthority[]): void {
    const { log } = this.options;
    for (const { id, warning } of all) {
      const reminded = this.#reminded.get(id) ?? Number.NEGATIVE_INFINITY;
      if (warning === null || monotonic() < reminded + REMIND_EVERY) continue;
      this.#reminded.set(id, monotonic());
      log.warn({ authority: id }, warning);
    }
  }
}
