/** The CA's status of a certificate; times are milliseconds since the epoch. */
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

/** `fresh`: the answer may be cached for the same request until nextUpdate; null: it may not be cached. */
export interface OcspAnswer {
  /** DER of an OCSPResponse. */
  response: Buffer;
  fresh: { thisUpdate: number; nextUpdate: number } | null;
}
