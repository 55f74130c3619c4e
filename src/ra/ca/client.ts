import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks, Result } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import { monotonic } from '../../lib/monotonic.js';
import { present } from '../../lib/present.js';
import { RefreshedValue } from '../../lib/refreshed-value.js';
import type { AdminRole } from '../../model/administrators.js';
import {
  type AcmeProfile,
  type CaHealth,
  CaRefused,
  type CertificateAuthority,
  type EnrolmentRequest,
  type IssuedCertificate,
  type IssueRequest,
  type KnownAuthority,
} from '../../model/ca.js';
import type { CaFigures } from '../../model/ca-figures.js';
import type {
  CertificateDetails,
  CertificatePage,
  CertificateSearch,
  FoundCertificate,
} from '../../model/ca-register.js';
import type { OcspAnswer, StatusAnswer } from '../../model/ca-status.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { toPem } from '../../x509/pem.js';
import { administratorsOf, roleOf } from './administrators.js';
import { CrlCopy } from './crl-copy.js';
import { told } from './errors.js';
import {
  acmeProfileOf,
  authorityOf,
  csrPem,
  detailsOf,
  enrolParams,
  figuresOf,
  foundOf,
  issueParams,
  lateOf,
  listedOf,
  pageParams,
  searchParams,
  serialsParams,
} from './wire.js';

export interface CaClientOptions {
  client: Pick<TaskClient<OperationsTasks>, 'call'>;
  /** Called with the PEM of each certificate issued for an order. */
  onIssued?: (pem: string) => void;
  /** Called after a revocation for keyCompromise; resolves when this RA knows the key. */
  onCompromise?: () => Promise<void>;
  now?: () => number;
  /** How long the CA's reports about itself are cached, in ms. Default one minute. */
  cacheFor?: number;
}

/**
 * How long the CA may take to make a CRL, in ms. One of 100,000 certificates takes a second, but several under full load, and a late
 * CRL is better than none.
 */
const CRL_WAIT = 15_000;

/** How long profiles, certificates and authorities are cached, in ms, so that the RA sees new profiles and rollovers within seconds. */
const CHANGING_FOR = 5_000;

/** The CA behind the channel. Every method throws CaUnavailable, CaRefused or CaLacksTask. */
export class CaClient implements CertificateAuthority {
  readonly #client: CaClientOptions['client'];
  readonly #onIssued: (pem: string) => void;
  readonly #onCompromise: () => Promise<void>;
  readonly #profiles: RefreshedValue<AcmeProfile[]>;
  readonly #certificates: RefreshedValue<{ root: string; chain: string }>;
  readonly #authorities: RefreshedValue<KnownAuthority[]>;
  /** CRLs by the id of their issuer; '' is the issuer in use. */
  readonly #crls = new Map<string, CrlCopy>();

  constructor({
    client,
    onIssued = () => undefined,
    onCompromise = async () => undefined,
    now = monotonic,
    cacheFor = 60_000,
  }: CaClientOptions) {
    const cached = Math.min(cacheFor, CHANGING_FOR);
    this.#client = client;
    this.#onIssued = onIssued;
    this.#onCompromise = onCompromise;
    this.#profiles = new RefreshedValue(
      async () => (await this.#call('list_acme_profiles', {})).map(acmeProfileOf),
      cached,
      now,
    );
    this.#certificates = new RefreshedValue(() => this.#call('get_ca_chain', {}), cached, now);
    this.#authorities = new RefreshedValue(
      async () => (await this.authoritiesInFull()).map(authorityOf),
      cached,
      now,
    );
  }

  /** Sends a task. All errors of the channel are translated here. */
  #call: TaskClient<OperationsTasks>['call'] = (task, params, timeout) =>
    told(this.#client.call(task, params, timeout));

  async ping(): Promise<void> {
    await this.#call('ping', {});
  }

  health(): Promise<CaHealth> {
    return this.#call('get_health', {});
  }

  async issue(request: IssueRequest): Promise<IssuedCertificate> {
    const { certificate, chain, serial } = await this.#call('acme_issue_certificate', issueParams(request));
    this.#onIssued(certificate);
    return { chain: certificate + chain, serial };
  }

  async hasIssued(orderId: string): Promise<boolean> {
    return (await unlessUnknown(this.#call('acme_get_certificate', { cert_id: orderId }))) !== null;
  }

  async enroll(request: EnrolmentRequest): Promise<IssuedCertificate> {
    const { certificate, chain, serial } = await this.#call('enroll', enrolParams(request));
    return { chain: certificate + chain, serial };
  }

  async reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate> {
    const made = await this.#call('reissue', { serial: serialFromHex(serial), csr: csrPem(csr) });
    return { chain: made.certificate, serial: made.serial };
  }

  revoke(serial: string, reason: number | null): Promise<{ already: boolean }> {
    const params = { serial: serialFromHex(serial), ...present({ reason }) };
    return this.#revoked(this.#call('revoke_serial', params), reason);
  }

  revokeShown(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }> {
    const params = { certificate: toPem('CERTIFICATE', certificate), ...present({ reason }) };
    return this.#revoked(this.#call('revoke_certificate', params), reason);
  }

  async #revoked<T>(answer: Promise<T>, reason: number | null): Promise<T> {
    const outcome = await answer;
    if (reason === REVOCATION_REASON.keyCompromise) await this.#onCompromise();
    return outcome;
  }

  async endHold(serial: string): Promise<void> {
    await this.#call('unrevoke', { dn: serialFromHex(serial) });
  }

  profiles(when?: 'now'): Promise<AcmeProfile[]> {
    return when === 'now' ? this.#profiles.renewed() : this.#profiles.get();
  }

  profileNames(): Promise<string[]> {
    return this.#call('list_profiles', {});
  }

  profile(name: string): Promise<Record<string, unknown> | null> {
    return unlessUnknown(this.#call('get_profile', { profile: name }));
  }

  caCertificates(): Promise<{ root: string; chain: string }> {
    return this.#certificates.get();
  }

  authorities(when?: 'now'): Promise<KnownAuthority[]> {
    return when === 'now' ? this.#authorities.renewed() : this.#authorities.get();
  }

  /** The authorities with dates and CRLs, uncached, in the format of the channel. */
  async authoritiesInFull(): Promise<Result<OperationsTasks['get_authorities']>['authorities']> {
    return (await this.#call('get_authorities', {})).authorities;
  }

  async crl(issuer = ''): Promise<Uint8Array> {
    return this.#crlOf(issuer).current();
  }

  async generateCrl(): Promise<Uint8Array> {
    return Buffer.from(await this.#call('generate_crl', {}), 'base64');
  }

  /** The CA's certificates, profiles, keys, reasons and CRL, in the format of the channel. */
  options(): Promise<Result<OperationsTasks['get_options']>> {
    return this.#call('get_options', {});
  }

  async bySerial(serial: string): Promise<CertificateDetails | null> {
    const found = await unlessUnknown(this.#call('view', { dn: serialFromHex(serial) }));
    return found && detailsOf(found);
  }

  async bySerials(serials: readonly string[]): Promise<FoundCertificate[]> {
    const { certificates } = await this.#call('search_certificates', serialsParams(serials));
    return certificates.map(foundOf);
  }

  async byCommonName(cn: string, limit: number): Promise<CertificateDetails[]> {
    return (await this.#call('certificate_history', { cn, limit })).map(detailsOf);
  }

  async list(page: CertificatePage) {
    const { certificates, next } = await this.#call('list_certificates', pageParams(page));
    return { certificates: certificates.map(listedOf), next };
  }

  async search(search: CertificateSearch) {
    const { certificates, next } = await this.#call('search_certificates', searchParams(search));
    return { certificates: certificates.map(foundOf), next };
  }

  async notRenewed(after: string | null, limit: number) {
    const { certificates, next } = await this.#call('list_not_renewed', { limit, ...present({ after }) });
    return { items: certificates.map(lateOf), next };
  }

  async status(asked: { certificate: Uint8Array } | { serial: string }): Promise<StatusAnswer> {
    const params =
      'serial' in asked
        ? { serial: serialFromHex(asked.serial) }
        : { cert: toPem('CERTIFICATE', asked.certificate) };
    const { status, serial, cn, revoke_reason, revoke_date } = await this.#call('ocsp_check', params);
    return { status, serial, cn, reason: revoke_reason ?? null, revokedAt: revoke_date ?? null };
  }

  async ocsp(request: Uint8Array): Promise<OcspAnswer> {
    const { response, this_update, next_update } = await this.#call('ocsp_respond', {
      request: Buffer.from(request).toString('base64'),
    });
    const fresh =
      this_update === undefined || next_update === undefined
        ? null
        : { thisUpdate: this_update, nextUpdate: next_update };
    return { response: Buffer.from(response, 'base64'), fresh };
  }

  administrators() {
    return administratorsOf(this.#call);
  }

  async addAdministrator(dn: string, role: AdminRole, by: string): Promise<void> {
    await this.#call('add_admin', { dn, role, by });
  }

  async removeAdministrator(dn: string, by: string): Promise<void> {
    await this.#call('remove_admin', { dn, by });
  }

  roleOf(certificate: CertificateDetails): Promise<AdminRole | null> {
    return roleOf(this.#call, certificate);
  }

  /** Compromised keys (base64url SHA-256 of the SubjectPublicKeyInfo) after a number, and the next number. */
  compromisedKeys(after: number, limit: number): Promise<{ keys: string[]; next: number }> {
    return this.#call('list_compromised_keys', { after, limit });
  }

  /** Base64 of the secret that encrypts the keys of nodes. */
  async nodeSecret(): Promise<string> {
    return (await this.#call('get_node_secret', {})).secret;
  }

  async figures(): Promise<CaFigures> {
    return figuresOf(await this.#call('get_figures', {}));
  }

  /** @param issuer an id from the CA, so the number of copies is bounded by its issuers */
  #crlOf(issuer: string): CrlCopy {
    let copy = this.#crls.get(issuer);
    if (copy === undefined) {
      const which = issuer === '' ? {} : { issuer };
      const part = { ...which, octets: true };
      copy = new CrlCopy({
        beginning: (unless) =>
          this.#call('get_crl_part', { ...part, ...(unless !== null && { unless }) }, CRL_WAIT),
        rest: (number, offset) => this.#call('get_crl_part', { ...part, number, offset }),
        whole: async () => Buffer.from(await this.#call('get_crl', which), 'base64'),
      });
      this.#crls.set(issuer, copy);
    }
    return copy;
  }
}

/** Null in place of the refusal `notFound`. */
async function unlessUnknown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CaRefused && error.kind === 'notFound') return null;
    throw error;
  }
}
