import { ErrorCode, TaskError } from '../channel/errors.js';
import type { CertificateRecord } from '../store/ca-store.js';
import { parseCertificate } from '../x509/certificate.js';
import { type CertificateNames, nameKey, type SubjectName } from '../x509/certificate-names.js';
import type { CertificationRequest } from '../x509/csr.js';
import type { Authority } from './authority.js';
import { namesOfRequest } from './authority-names.js';
import { readRequest } from './authority-requests.js';
import { isAcmeProfile } from './profiles.js';

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
}

/**
 * Issues for ACME orders, once each: whoever asks again with the same key and names gets the certificate the order has
 * already, be it still being made, stored a moment ago, or stored before a crash.
 */
export class OrderIssuer {
  readonly #making = new Map<string, Promise<CertificateRecord>>();

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

    // One at a time an order; who waited finds the certificate, or the way free if making it failed.
    for (;;) {
      const making = this.#making.get(request.orderId);
      if (making === undefined) break;
      const certificate = await making.catch(() => null);
      if (certificate !== null) return sameRequest(certificate, csr, names);
    }
    const made = this.#make(request, csr, names);
    this.#making.set(request.orderId, made);
    try {
      return sameRequest(await made, csr, names);
    } finally {
      this.#making.delete(request.orderId);
    }
  }

  async #make(
    request: OrderRequest,
    csr: CertificationRequest,
    names: CertificateNames,
  ): Promise<CertificateRecord> {
    const { orderId, accountId, notBefore, notAfter } = request;
    const stored = await this.authority.store.findByOrder(orderId);
    if (stored !== null) return stored;
    const profile = this.authority.profile(request.profile);
    const issuance = { profile, publicKey: csr.publicKey, names, notBefore, notAfter, orderId, accountId };
    return (await this.authority.issue(issuance)).certificate;
  }
}

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

/** An order's certificate is given again only for the request it was made for. */
function sameRequest(
  certificate: CertificateRecord,
  csr: CertificationRequest,
  names: CertificateNames,
): CertificateRecord {
  const had = certificate.identifiers.map(nameKey).sort().join();
  const sameNames = had === names.names.map(nameKey).sort().join();
  if (sameNames && parseCertificate(certificate.der).spki.equals(csr.publicKey.spki)) return certificate;
  throw new TaskError(
    ErrorCode.certificate,
    `Order ${certificate.orderId} already has a certificate for another request`,
    'badCSR',
  );
}
