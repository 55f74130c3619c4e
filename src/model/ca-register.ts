import { firstFromPem } from '../x509/pem.js';

/** The CA's current record of a certificate, without the certificate. Times are milliseconds since the epoch. */
export interface CertificateSummary {
  /** Lower-case hex. */
  serial: string;
  /** RFC 4514. */
  dn: string;
  cn: string;
  profile: string;
  state: CertificateState;
  notBefore: number;
  notAfter: number;
  /** Subject alternative names; types DNS, IP, EMAIL, URI. */
  names: { type: string; value: string }[];
  revokedAt: number | null;
  /** RFC 5280 §5.3.1 name. */
  reason: string | null;
}

export interface CertificateDetails extends CertificateSummary {
  /** PEM of the certificate, without its chain; empty when only the serial is known, as after a migration. */
  certificate: string;
}

/** A certificate in a listing. */
export interface ListedCertificate extends CertificateSummary {
  /** Whether it is for TLS servers (RFC 5280 §4.2.1.12). */
  forServers: boolean;
}

/** A certificate in the result of an operator's search, with its origin. */
export interface FoundCertificate extends CertificateSummary {
  issuedAt: number;
  /** The ACME order and account that it was issued for, else null. */
  orderId: string | null;
  accountId: string | null;
}

/** `CertificateState`, and the state `held` for certificates on certificateHold. */
export const SEARCH_STATES = ['good', 'held', 'revoked', 'expired'] as const;
export type SearchState = (typeof SEARCH_STATES)[number];

/** The search state of a certificate, from the state in the CA's answer. */
export function searchStateOf({ state, reason }: Pick<CertificateSummary, 'state' | 'reason'>): SearchState {
  return state === 'revoked' && reason === 'certificateHold' ? 'held' : state;
}

/** An operator's search; a certificate must meet all its conditions. */
export interface CertificateSearch {
  after: string | null;
  limit: number;
  /** In any of its names: a name, an address, a glob with `*` and `?`, or a network in CIDR form. */
  name?: string;
  account?: string;
  profile?: string;
  /** Its common name, its DN, or its key identifier in hex. */
  issuer?: string;
  state?: SearchState;
  expiresBefore?: number;
  expiresAfter?: number;
  notRenewed?: boolean;
}

export const CERTIFICATE_STATES = ['good', 'revoked', 'expired'] as const;
type CertificateState = (typeof CERTIFICATE_STATES)[number];

export interface CertificatePage {
  after: string | null;
  limit: number;
  state?: CertificateState;
  cn?: string;
  /** `notAfter` before this time. */
  expiresBefore?: number;
}

/**
 * The CA's record of exactly this certificate (DER). Null when the record is of another certificate, because a second
 * issuer under the root may use the same serial, or has only a serial.
 */
export async function recordOf(
  { serial, certificate }: { serial: string; certificate: Uint8Array },
  ca: { bySerial(serial: string): Promise<CertificateDetails | null> },
): Promise<CertificateDetails | null> {
  const record = await ca.bySerial(serial);
  if (record === null || record.certificate === '') return null;
  return firstFromPem('CERTIFICATE', record.certificate).equals(certificate) ? record : null;
}
