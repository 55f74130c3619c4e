import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import {
  type CertificateNames,
  calledName,
  hostNameOf,
  nameKey,
  serverCommonName,
} from '../../x509/certificate-names.js';
import type { CertificationRequest } from '../../x509/csr.js';
import { DerError } from '../../x509/der-error.js';
import { CsrRefused, certificateNamesOf, type OrderName, readOrderCsr } from '../../x509/order-csr.js';
import { firstFromPem } from '../../x509/pem.js';
import type { Certifier, Issuance } from './certifier.js';
import { namesFor, namesOfRequest } from './names.js';
import { isAcmeProfile, type Profile } from './profiles.js';
import { readRequest } from './requests.js';

interface OrderRequest {
  orderId: string;
  accountId: string | null;
  /** PEM. */
  csr: string;
  profile: string;
  /** The order's identifiers, which the CSR must name exactly; null when the RA does not send them. */
  identifiers: OrderName[] | null;
  notBefore: number | null;
  notAfter: number | null;
  by: Actor;
}

/** The enrolment of a node that an RA has registered. */
interface EnrolmentRequest {
  requestId: string;
  /** PEM; only its key is used. */
  csr: string;
  cn: string;
  sans: readonly { type: string; value: string }[];
  profile: string;
  by: Actor;
}

/** Profiles whose holders have rights that nodes must not have. */
const NOT_FOR_NODES = new Set(['ra', 'admin']);

interface Made {
  certificate: CertificateRecord;
  /** Issued for this request; else the order already had it. */
  created: boolean;
}

/**
 * Issues once for each ACME order and enrolment. A repeated request with the same key and names gets the same
 * certificate, whether that is being made, was just stored, or was stored before a crash.
 */
export class OrderIssuer {
  readonly #making = new Map<string, Promise<Made>>();

  constructor(private readonly certifier: Certifier) {}

  /** @throws TaskError when the request cannot be granted for this order */
  async issue(request: OrderRequest): Promise<CertificateRecord> {
    const profile = this.certifier.profile(request.profile);
    if (!isAcmeProfile(profile)) {
      throw new TaskError(ErrorCode.profile, `Profile ${request.profile} is not for ACME orders`);
    }
    const { identifiers, orderId, accountId, notBefore, notAfter, by } = request;
    const csr = identifiers ? readOrderRequest(request.csr, identifiers) : readRequest(request.csr);
    const names = identifiers ? orderNames(profile, csr, identifiers) : namesOfRequest(profile, csr);
    // RFC 8555 §7.4: never a certificate with contents other than those requested.
    if (notAfter !== null && notAfter > this.certifier.issuerNotAfter) {
      throw new TaskError(ErrorCode.certificate, 'notAfter is beyond the end of the issuing certificate');
    }
    const { publicKey, tlsFeatures } = csr;
    return this.#once({
      profile,
      publicKey,
      names,
      tlsFeatures,
      notBefore,
      notAfter,
      orderId,
      accountId,
      by,
    });
  }

  /** @throws TaskError when the request cannot be granted for this node */
  async enroll({ requestId, cn, sans, ...request }: EnrolmentRequest): Promise<CertificateRecord> {
    const profile = this.certifier.leafProfile(request.profile);
    if (NOT_FOR_NODES.has(profile.name)) {
      throw new TaskError(ErrorCode.profile, `Profile ${profile.name} is not for nodes`);
    }
    const { publicKey, tlsFeatures } = readRequest(request.csr);
    const names = namesFor(profile, cn, sans);
    // Ids of ACME orders do not have this form.
    const orderId = `node:${requestId}`;
    return this.#once({ profile, publicKey, names, tlsFeatures, orderId, by: request.by });
  }

  async #once(issuance: OneIssuance): Promise<CertificateRecord> {
    const { orderId } = issuance;
    // Runs one issuance per order at a time. A waiting caller gets its certificate, or tries itself when it failed.
    for (;;) {
      const making = this.#making.get(orderId);
      if (making === undefined) break;
      const other = await making.catch(() => null);
      if (other !== null) return sameRequest(this.certifier.intact(other.certificate), issuance);
    }
    const made = this.#make(issuance);
    this.#making.set(orderId, made);
    try {
      const { certificate, created } = await made;
      return created ? certificate : sameRequest(this.certifier.intact(certificate), issuance);
    } finally {
      this.#making.delete(orderId);
    }
  }

  async #make(issuance: OneIssuance): Promise<Made> {
    try {
      // An order rarely has a certificate already, so we do not look first: the store detects it and returns the existing one.
      return await this.certifier.issue(issuance);
    } catch (error) {
      // A repeated request may be refused now, for example because its notAfter is past.
      const { orderId } = issuance;
      const stored = error instanceof TaskError ? await this.certifier.store.findByOrder(orderId) : null;
      if (stored !== null) return { certificate: stored, created: false };
      throw error;
    }
  }
}

type OneIssuance = Issuance & { orderId: string };

/**
 * The names of an order's certificate, in the order's sequence. The common name is the CSR's if that is a DNS
 * name, else the order's first DNS name, else none, because certbot cannot read an address there.
 */
function orderNames(
  profile: Profile,
  csr: CertificationRequest,
  identifiers: readonly OrderName[],
): CertificateNames {
  const names = certificateNamesOf(identifiers);
  const asked = csr.commonName === null ? null : hostNameOf(csr.commonName);
  const [first] = asked ? [asked] : names;
  if (first === undefined) throw new TaskError(ErrorCode.certificate, 'the order names nothing', 'badCSR');
  const { commonName } = namesFor(profile, first.value, names);
  return { commonName: commonName ?? serverCommonName(names), names };
}

/** @throws TaskError badCSR with the same message as the RA's own check */
function readOrderRequest(pem: string, identifiers: readonly OrderName[]): CertificationRequest {
  try {
    return readOrderCsr(firstFromPem('CERTIFICATE REQUEST', pem), identifiers);
  } catch (error) {
    if (!(error instanceof CsrRefused || error instanceof DerError)) throw error;
    throw new TaskError(ErrorCode.certificate, error.message, 'badCSR');
  }
}

/** A certificate is returned again only for the request it was made for. */
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
