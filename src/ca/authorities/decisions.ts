import { DAY } from '../../lib/time.js';
import type { AuthorityRecord } from '../../store/contract/ca.js';

/** Pure decisions about the set of authorities: which signs, which are trusted, when a successor is due. */

/** The facts that a decision is based on. */
interface Standing {
  record: AuthorityRecord;
  certificate: { notBefore: number; notAfter: number };
  readonly issues: boolean;
}

type AuthorityState = 'active' | 'next' | 'retiring' | 'retired' | 'ended';

/**
 * The issuer in use: the one activated last among those that issue and are not retired. With `now`, only a
 * valid one.
 */
export function activeOf<Each extends Standing>(members: readonly Each[], now: number | null): Each | null {
  let active: Each | null = null;
  for (const each of members) {
    const { usedFrom, retiredAt } = each.record;
    if (!each.issues || usedFrom === null || retiredAt !== null) continue;
    if (now !== null && !isValid(each, now)) continue;
    if (active === null || (active.record.usedFrom ?? 0) <= usedFrom) active = each;
  }
  return active;
}

export function isValid({ certificate }: Standing, now: number): boolean {
  return certificate.notBefore <= now && now <= certificate.notAfter;
}

/** Published roots, the one in use first. */
export function liveRoots<Each extends Standing>(members: readonly Each[]): Each[] {
  const roots = members.filter(({ record }) => record.kind === 'root' && record.retiredAt === null);
  const used = (each: Each) => each.record.usedFrom ?? 0;
  return roots.sort((one, other) => used(other) - used(one));
}

/**
 * The state of an issuer. `lastEnd`: when the last certificate that it signed expires. A retired issuer signs
 * no more CRLs and OCSP responses; an expired one cannot.
 */
export function stateOf(
  member: Standing,
  active: Standing | null,
  lastEnd: number | null,
  now: number,
): AuthorityState {
  if (now > member.certificate.notAfter) return 'ended';
  if (member === active) return 'active';
  const { usedFrom, retiredAt } = member.record;
  if (retiredAt === null && (usedFrom === null || usedFrom > now)) return 'next';
  return lastEnd === null || lastEnd < now ? 'retired' : 'retiring';
}

/** When the successor of an issuer is due: after this fraction of its validity. */
export function successionTime(
  { notBefore, notAfter }: { notBefore: number; notAfter: number },
  part: number,
): number {
  return notBefore + (notAfter - notBefore) * part;
}

/** Days before an expiry at which operators are warned. */
const WARNED_AT = [7, 30, 90, 365];

/** The last warning mark that has passed, in days before the expiry; null when none has. */
export function warningMark(notAfter: number, now: number): number | null {
  return WARNED_AT.find((days) => notAfter - now <= days * DAY) ?? null;
}
