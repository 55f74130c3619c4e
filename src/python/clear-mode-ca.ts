import {
  type AcmeProfile,
  CaUnavailable,
  type IssuedCertificate,
  type IssueRequest,
  type KnownAuthority,
} from '../model/ca.js';
import { CaClient, type CaClientOptions } from '../ra/ca/client.js';
import type { CaDialect, Dialect } from './ca-dialect.js';
import type { CaTasks } from './ca-tasks.js';
import type { PythonCaAbilities } from './python-ca.js';

interface ClearModeOptions extends CaClientOptions {
  client: Pick<CaTasks, 'call'>;
  dialect: CaDialect;
  python: PythonCaAbilities;
}

/**
 * The CA behind a channel in clear mode: our own, or a Python CA. `python` handles the methods that differ for a Python CA; all
 * others use `CaTasks`, which knows the tasks it lacks.
 */
export class ClearModeCa extends CaClient {
  readonly #dialect: CaDialect;
  readonly #python: PythonCaAbilities;
  #last: Dialect = 'upki';

  constructor({ dialect, python, ...options }: ClearModeOptions) {
    super(options);
    this.#dialect = dialect;
    this.#python = python;
  }

  async check(request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void> {
    if (await this.#isPython()) await this.#python.check(request);
  }

  override async issue(request: IssueRequest): Promise<IssuedCertificate> {
    return (await this.#isPython()) ? this.#python.issue(request) : super.issue(request);
  }

  override async revoke(serial: string, reason: number | null): Promise<{ already: boolean }> {
    return (await this.#isPython()) ? this.#python.revoke(serial, reason) : super.revoke(serial, reason);
  }

  override async profiles(when?: 'now'): Promise<AcmeProfile[]> {
    return (await this.#wasPython()) ? this.#python.profiles(when) : super.profiles(when);
  }

  override async caCertificates(): Promise<{ root: string; chain: string }> {
    return (await this.#wasPython()) ? this.#python.caCertificates() : super.caCertificates();
  }

  override async authorities(when?: 'now'): Promise<KnownAuthority[]> {
    return (await this.#wasPython()) ? [] : super.authorities(when);
  }

  override async crl(issuer?: string): Promise<Uint8Array> {
    return (await this.#isPython()) ? this.#python.crl() : super.crl(issuer);
  }

  override async ping(): Promise<void> {
    return (await this.#isPython()) ? this.#python.ping() : super.ping();
  }

  /** @throws CaUnavailable until the kind of CA is known */
  async #isPython(): Promise<boolean> {
    this.#last = await this.#dialect.get();
    return this.#last === 'python';
  }

  /** While the CA is unreachable, the kind that answered last, whose cached data is used. */
  async #wasPython(): Promise<boolean> {
    try {
      return await this.#isPython();
    } catch (error) {
      if (error instanceof CaUnavailable) return this.#last === 'python';
      throw error;
    }
  }
}
