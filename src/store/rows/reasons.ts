/** Reason codes of RFC 5280 §5.3.1 that statements name. */
export const KEY_COMPROMISE = 1;
export const CERTIFICATE_HOLD = 6;
