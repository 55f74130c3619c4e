/** What the CA says of a certificate; times are milliseconds since the epoch. */
export interface StatusAnswer {
  status: 'good' | 'revoked' | 'expired' | 'unknown';
  /** Lower-case hex. */
  serial: string;
  /** Empty when it is unknown. */
  cn: string;
  /** RFC 5280 §5.3.1 name. */
  reason: string | null;
  revokedAt: number | null;
}

/** `fresh`: the same may be given to whoever asks the same until nextUpdate; null: to nobody else. */
export interface OcspAnswer {
  /** DER of an OCSPResponse. */
  response: Buffer;
  fresh: { thisUpdate: number; nextUpdate: number } | null;
}

/**
 * Whether certificates are good, as the CA knows at this moment: nothing of it is kept here.
 * @throws CaUnavailable; CaLacksTask when the CA behind this RA cannot tell
 */
export interface CertificateStatus {
  /** By the certificate (DER) or by its serial (hex). */
  check(asked: { certificate: Uint8Array } | { serial: string }): Promise<StatusAnswer>;
  /** RFC 6960: answers the DER of an OCSPRequest. */
  ocsp(request: Uint8Array): Promise<OcspAnswer>;
}
