import { REVOCATION_REASON } from '../x509/crl.js';

/** The wire contract's names of RFC 5280 §5.3.1 reason codes are those of the RFC. */
export type ReasonName = keyof typeof REVOCATION_REASON;

const NAMES = Object.keys(REVOCATION_REASON) as ReasonName[];

/** The name of a reason code, or null when there is no such code. */
export function reasonName(code: number): ReasonName | null {
  return NAMES.find((name) => REVOCATION_REASON[name] === code) ?? null;
}

/** The code of a reason given by name in any case, by number, or by a number in digits; null when it is none. */
export function reasonCode(reason: string | number | bigint): number | null {
  const text = String(reason);
  const name =
    NAMES.find((known) => known.toLowerCase() === text.toLowerCase()) ??
    (/^\d{1,2}$/.test(text) ? reasonName(Number(text)) : null);
  return name === null ? null : REVOCATION_REASON[name];
}

/** The refusal of an unknown reason, word for word as older peers know it. */
export function invalidReason(reason: string | number | bigint): string {
  return `Invalid revocation reason: ${reason}. Allowed values: [${NAMES.map((name) => `'${name}'`).join(', ')}]`;
}
