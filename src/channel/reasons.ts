import { REVOCATION_REASON } from '../x509/crl.js';

/** The wire contract names reasons as RFC 5280 §5.3.1 does. */
type ReasonName = keyof typeof REVOCATION_REASON;

const NAMES = Object.keys(REVOCATION_REASON) as ReasonName[];

/** The name of a reason code, or null for an unknown code. */
export function reasonName(code: number): ReasonName | null {
  return NAMES.find((name) => REVOCATION_REASON[name] === code) ?? null;
}

/** The code of a reason, given by its name (in any case), a number, or a number in digits. Null for anything else. */
export function reasonCode(reason: string | number | bigint): number | null {
  const text = String(reason);
  const name =
    NAMES.find((known) => known.toLowerCase() === text.toLowerCase()) ??
    (/^\d{1,2}$/.test(text) ? reasonName(Number(text)) : null);
  return name === null ? null : REVOCATION_REASON[name];
}

/** The error message for an unknown reason, exactly as in the wire contract. */
export function invalidReason(reason: string | number | bigint): string {
  return `Invalid revocation reason: ${reason}. Allowed values: [${NAMES.map((name) => `'${name}'`).join(', ')}]`;
}
