import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import type {
  AcmeProfile,
  CertificateAuthority,
  EnrolmentRequest,
  IssuedCertificate,
  IssueRequest,
  KnownAuthority,
  NodeCertificates,
} from '../../model/ca.js';
import { CHALLENGE_TYPES } from '../../model/facts.js';
import { wireType } from '../../x509/certificate-names.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { toPem } from '../../x509/pem.js';
import { KEY_TYPES } from '../../x509/spki.js';
import { Cached } from './cached.js';
import { told } from './channel-errors.js';
import { CrlCopy } from './crl-copy.js';

export interface ChannelCaOptions {
  client: Pick<TaskClient<OperationsTasks>, 'call'>;
  /** A certificate was revoked because of its key: resolves when that key is known here. */
  onCompromise?: () => Promise<void>;
  /** Is given the PEM of each certificate that was issued for an order. */
  onIssued?: (pem: string) => void;
  now?: () => number;
  /** How long profiles and CA certificates are taken as known, in ms. Default one minute: a new profile is seen soon. */
  cacheFor?: number;
}

/** A rollover is followed within seconds, in ms. */
const AUTHORITIES_FOR = 5_000;

/** Our own CA behind the channel, as the RA knows it. */
export class ChannelCa implements CertificateAuthority, NodeCertificates {
  readonly #client: ChannelCaOptions['client'];
  readonly #onCompromise: () => Promise<void>;
  readonly #onIssued: (pem: string) => void;
  readonly #profiles: Cached<AcmeProfile[]>;
  readonly #certificates: Cached<{ root: string; chain: string }>;
  readonly #authorities: Cached<KnownAuthority[]>;
  /** By the id of an issuer; '' is the one in use. */
  readonly #crls = new Map<string, CrlCopy>();

  constructor({
    client,
    onCompromise = async () => undefined,
    onIssued = () => undefined,
    now = Date.now,
    cacheFor = 60_000,
  }: ChannelCaOptions) {
    this.#client = client;
    this.#onCompromise = onCompromise;
    this.#onIssued = onIssued;
    this.#profiles = new Cached(() => this.#askProfiles(), cacheFor, now);
    this.#certificates = new Cached(() => told(client.call('get_ca_chain', {})), cacheFor, now);
    this.#authorities = new Cached(() => this.#askAuthorities(), Math.min(cacheFor, AUTHORITIES_FOR), now);
  }

  async issue(request: IssueRequest): Promise<IssuedCertificate> {
    const { notBefore, notAfter } = request;
    const { certificate, chain, serial } = await told(
      this.#client.call('acme_issue_certificate', {
        order_id: request.orderId,
        account_id: request.accountId,
        profile: request.profile,
        identifiers: request.identifiers,
        csr: toPem('CERTIFICATE REQUEST', request.csr),
        ...(notBefore === null ? {} : { not_before: new Date(notBefore).toISOString() }),
        ...(notAfter === null ? {} : { not_after: new Date(notAfter).toISOString() }),
      }),
    );
    this.#onIssued(certificate);
    return { chain: certificate + chain, serial };
  }

  async reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate> {
    const made = await told(
      this.#client.call('reissue', {
        serial: serialFromHex(serial),
        csr: toPem('CERTIFICATE REQUEST', csr),
      }),
    );
    return { chain: made.certificate, serial: made.serial };
  }

  async enroll({ requestId, cn, names, profile, csr }: EnrolmentRequest): Promise<IssuedCertificate> {
    const { certificate, chain, serial } = await told(
      this.#client.call('enroll', {
        request_id: requestId,
        csr: toPem('CERTIFICATE REQUEST', csr),
        cn,
        sans: names.map(({ type, value }) => ({ type: wireType(type), value })),
        profile,
      }),
    );
    return { chain: certificate + chain, serial };
  }

  async revoke(serial: string, reason: number | null): Promise<{ already: boolean }> {
    const outcome = await told(
      this.#client.call('revoke_serial', {
        serial: serialFromHex(serial),
        ...(reason === null ? {} : { reason }),
      }),
    );
    if (reason === REVOCATION_REASON.keyCompromise) await this.#onCompromise();
    return outcome;
  }

  async revokeShown(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }> {
    const outcome = await told(
      this.#client.call('revoke_certificate', {
        certificate: toPem('CERTIFICATE', certificate),
        ...(reason === null ? {} : { reason }),
      }),
    );
    if (reason === REVOCATION_REASON.keyCompromise) await this.#onCompromise();
    return outcome;
  }

  profiles(): Promise<AcmeProfile[]> {
    return this.#profiles.get();
  }

  caCertificates(): Promise<{ root: string; chain: string }> {
    return this.#certificates.get();
  }

  async crl(issuer = ''): Promise<Buffer> {
    return this.#crlOf(issuer).current();
  }

  authorities(): Promise<KnownAuthority[]> {
    return this.#authorities.get();
  }

  async ping(): Promise<void> {
    await told(this.#client.call('ping', {}));
  }

  /** @param issuer an id the CA has told, so that there are as many copies as issuers */
  #crlOf(issuer: string): CrlCopy {
    let copy = this.#crls.get(issuer);
    if (copy === undefined) {
      const which = issuer === '' ? {} : { issuer };
      const client = this.#client;
      copy = new CrlCopy({
        beginning: (unless) =>
          told(client.call('get_crl_part', { ...which, ...(unless === null ? {} : { unless }) })),
        rest: (number, offset) => told(client.call('get_crl_part', { ...which, number, offset })),
        whole: async () => Buffer.from(await told(client.call('get_crl', which)), 'base64'),
      });
      this.#crls.set(issuer, copy);
    }
    return copy;
  }

  async #askAuthorities(): Promise<KnownAuthority[]> {
    const { authorities } = await told(this.#client.call('get_authorities', {}));
    return authorities.map((each) => ({
      id: each.id,
      kind: each.kind,
      state: each.state,
      certificate: each.certificate,
      root: each.root,
      of: each.of ?? null,
      first: each.first,
      keyId: each.key_id,
      renewFrom: each.renew_from ?? null,
      warning: each.warning ?? null,
    }));
  }

  async #askProfiles(): Promise<AcmeProfile[]> {
    const profiles = await told(this.#client.call('list_acme_profiles', {}));
    return profiles.map(({ name, description, max_validity, key_types, challenges }) => ({
      name,
      description,
      maxValidity: max_validity * 1000,
      // What a newer CA may say and we do not know is nothing we can offer.
      ...(key_types && { keyTypes: KEY_TYPES.filter((type) => key_types.includes(type)) }),
      ...(challenges && { challenges: CHALLENGE_TYPES.filter((type) => challenges.includes(type)) }),
    }));
  }
}
