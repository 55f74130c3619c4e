import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import {
  type CertificateNames,
  calledName,
  nameKey,
  type SubjectName,
} from '../../x509/certificate-names.js';
import type { Authority, Issuance } from './issuer.js';
import { namesFor, namesOfRequest } from './names.js';
import { isAcmeProfile } from './profiles.js';
import { readRequest } from './requests.js';

export interface OrderRequest {
  orderId: string;
  accountId: string | null;
  /** PEM. */
  csr: string;
  profile: string;
  /** The order's identifiers, when the RA says them: the CSR must name exactly these. */
  identifiers: { type: 'dns' | 'ip'; value: string }[] | null;
  notBefore: number | null;
  notAfter: number | null;
  by: Actor;
}

/** A node's enrolment, by what an RA has registered. */
export interface EnrolmentRequest {
  requestId: string;
  /** PEM; only its key is used. */
  csr: string;
  cn: string;
  sans: readonly { type: string; value: string }[];
  profile: string;
  by: Actor;
}

/** Profiles whose holders may do what nodes may not. */
const NOT_FOR_NODES = new Set(['ra', 'admin']);

interface Made {
  certificate: CertificateRecord;
  /** For this very request; else the order had it before. */
  created: boolean;
}

/**
 * Issues for ACME orders and enrolments, once each: whoever asks again with the same key and names gets the certificate
 * there is already, be it still being made, stored a moment ago, or stored before a crash.
 */
export class OrderIssuer {
  readonly #making = new Map<string, Promise<Made>>();

  constructor(private readonly authority: Authority) {}

  /** @throws TaskError when this order can never have such a certificate. */
  async issue(request: OrderRequest): Promise<CertificateRecord> {
    const profile = this.authority.profile(request.profile);
    if (!isAcmeProfile(profile)) {
      throw new TaskError(ErrorCode.profile, `Profile ${request.profile} is not for ACME orders`);
    }
    const csr = readRequest(request.csr);
    const names = request.identifiers
      ? exactNames(namesOfRequest(profile, csr), request.identifiers)
      : namesOfRequest(profile, csr);
    const { orderId, accountId, notBefore, notAfter, by } = request;
    const { publicKey } = csr;
    return this.#once({ profile, publicKey, names, notBefore, notAfter, orderId, accountId, by });
  }

  /** @throws TaskError when there can never be such a certificate. */
  async enroll({ requestId, cn, sans, ...request }: EnrolmentRequest): Promise<CertificateRecord> {
    const profile = this.authority.leafProfile(request.profile);
    if (NOT_FOR_NODES.has(profile.name)) {
      throw new TaskError(ErrorCode.profile, `Profile ${profile.name} is not for nodes`);
    }
    const { publicKey } = readRequest(request.csr);
    const names = namesFor(profile, cn, sans);
    // No ACME order of ours has an id like this.
    return this.#once({ profile, publicKey, names, orderId: `node:${requestId}`, by: request.by });
  }

  async #once(issuance: OneIssuance): Promise<CertificateRecord> {
    const { orderId } = issuance;
    // One at a time an order; who waited finds the certificate, or the way free if making it failed.
    for (;;) {
      const making = this.#making.get(orderId);
      if (making === undefined) break;
      const other = await making.catch(() => null);
      if (other !== null) return sameRequest(other.certificate, issuance);
    }
    const made = this.#make(issuance);
    this.#making.set(orderId, made);
    try {
      const { certificate, created } = await made;
      return created ? certificate : sameRequest(certificate, issuance);
    } finally {
      this.#making.delete(orderId);
    }
  }

  async #make(issuance: OneIssuance): Promise<Made> {
    try {
      // Hardly ever has the order a certificate already: the store tells, and then keeps and gives that one.
      return await this.authority.issue(issuance);
    } catch (error) {
      // What could be issued once may not be any more: the time asked for is over, say.
      const { orderId } = issuance;
      const stored = error instanceof TaskError ? await this.authority.store.findByOrder(orderId) : null;
      if (stored !== null) return { certificate: stored, created: false };
      throw error;
    }
  }
}

type OneIssuance = Issuance & { orderId: string };

/** RFC 8555 §7.4: the CSR names exactly the order's identifiers. The certificate has them in the order's order. */
function exactNames(requested: CertificateNames, identifiers: readonly SubjectName[]): CertificateNames {
  const ordered = new Set(identifiers.map(nameKey));
  const named = new Set(requested.names.map(nameKey));
  const differing = [...named]
    .filter((each) => !ordered.has(each))
    .concat([...ordered].filter((each) => !named.has(each)));
  if (differing.length > 0) {
    const text = differing.slice(0, 5).join(', ');
    throw new TaskError(ErrorCode.certificate, `CSR and order differ in ${text}`, 'badCSR');
  }
  return { commonName: requested.commonName, names: [...identifiers] };
}

/** A certificate is given again only for the request it was made for. */
function sameRequest(
  certificate: CertificateRecord,
  { publicKey, names }: Pick<Issuance, 'publicKey' | 'names'>,
): CertificateRecord {
  const had = certificate.identifiers.map(nameKey).sort().join();
  const sameNames = certificate.cn === calledName(names) && had === names.names.map(nameKey).sort().join();
  if (sameNames && parseCertificate(certificate.der).spki.equals(publicKey.spki)) return certificate;
  throw new TaskError(
    ErrorCode.certificate,
    `Order ${certificate.orderId} already has a certificate for another request`,
    'badCSR',
  );
}
