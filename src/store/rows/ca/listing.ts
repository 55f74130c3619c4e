import type { CertificateFilter, CertificateState } from '../../contract/ca/certificates.js';
import { all, type Statements } from '../shared.js';

/** Rows examined for one page of a filtered listing: a few milliseconds, whatever the filter leaves out. */
const MAX_EXAMINED = 2_000;

/** The columns that decide whether a certificate is on the page. */
type ExaminedRow = [
  serial: string,
  notAfter: number,
  revokedAt: number | null,
  deletedAt: number | null,
  issuer: string,
];
const EXAMINED = 'serial, not_after, revoked_at, deleted_at, issuer';

/**
 * How many certificates to examine for a page: as many as it shows and one, which nearly always decides it; else
 * more, but bounded, so that a filter nothing passes cannot read the whole table.
 */
const windowsFor = (limit: number): number[] => [limit + 1, Math.max(MAX_EXAMINED, limit + 1)];

/** The certificates on a page, and where the next one begins. */
export interface SerialPage {
  serials: string[];
  next: string | null;
}

/** Whether the examined rows decide the page: it is full, or there are no more. */
export function isDecided({ serials, next }: SerialPage, limit: number): boolean {
  return serials.length === limit || next === null;
}

/** The serials on a page of a filtered listing, and where the next page begins. */
export function* listedPage(
  after: string | null,
  limit: number,
  now: number,
  filter: CertificateFilter,
): Statements<SerialPage> {
  const source = filter.cn === undefined ? 'serial > $1' : 'serial > $1 AND cn = $3';
  let page: SerialPage = { serials: [], next: null };
  for (const window of windowsFor(limit)) {
    const examined = yield* all<ExaminedRow>(
      `SELECT ${EXAMINED} FROM certificates WHERE ${source} ORDER BY serial LIMIT $2`,
      after ?? '',
      window,
      ...(filter.cn === undefined ? [] : [filter.cn]),
    );
    page = pageOf(examined, window, limit, now, filter);
    if (isDecided(page, limit)) break;
  }
  return page;
}

/** The serials on the page, of certificates examined in order, at most `window`, and where the next page begins. */
function pageOf(
  examined: ExaminedRow[],
  window: number,
  limit: number,
  now: number,
  filter: CertificateFilter,
): SerialPage {
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
