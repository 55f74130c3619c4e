import type { CertificateFilter, CertificateState } from '../../contract/ca.js';

/** Rows examined for one page of a filtered listing: a few milliseconds, whatever the filter leaves out. */
const MAX_EXAMINED = 2_000;

/** The columns that decide whether a certificate is on the page. */
export type ExaminedRow = [
  serial: string,
  notAfter: number,
  revokedAt: number | null,
  deletedAt: number | null,
  issuer: string,
];
export const EXAMINED = 'serial, not_after, revoked_at, deleted_at, issuer';

/**
 * How many certificates to examine for a page: as many as it shows and one, which nearly always decides it; else more, but
 * bounded, so that a filter nothing passes cannot read the whole table.
 */
export const windowsFor = (limit: number): number[] => [limit + 1, Math.max(MAX_EXAMINED, limit + 1)];

/** Whether the examined rows decide the page: it is full, or there are no more. */
export function isDecided({ serials, next }: ReturnType<typeof pageOf>, limit: number): boolean {
  return serials.length === limit || next === null;
}

/** The serials on the page, of certificates examined in order, at most `window`, and where the next page begins. */
export function pageOf(
  examined: ExaminedRow[],
  window: number,
  limit: number,
  now: number,
  filter: CertificateFilter,
): { serials: string[]; next: string | null } {
  const serials: string[] = [];
  for (const [serial, notAfter, revokedAt, deletedAt, issuer] of examined) {
    if (deletedAt !== null) continue;
    if (filter.issuer !== undefined && filter.issuer !== issuer) continue;
    if (filter.state !== undefined && filter.state !== stateAt(notAfter, revokedAt, now)) continue;
    if (filter.expiresBefore !== undefined && notAfter >= filter.expiresBefore) continue;
    if (serials.length === limit) return { serials, next: serials.at(-1) ?? null };
    serials.push(serial);
  }
  return { serials, next: examined.length < window ? null : (examined.at(-1)?.[0] ?? null) };
}

function stateAt(notAfter: number, revokedAt: number | null, now: number): CertificateState {
  if (revokedAt !== null) return 'revoked';
  return notAfter < now ? 'expired' : 'good';
}
