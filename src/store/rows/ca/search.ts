import type { CertificateQuery } from '../../contract/ca/certificate-query.js';
import type { Page } from '../../contract/ca/certificates.js';
import type { Statements } from '../shared.js';
import type { CertificateRow } from './certificates.js';
import { type FoundRow, type Place, scanOf } from './scan.js';
import { type NamePattern, namePattern, searchKeys } from './search-keys.js';
import type { Renewable } from './successors.js';

/**
 * A search scans one index, the most selective one. The work of a page is bounded, so that a condition that no
 * certificate meets costs no more than one that all meet.
 */

/** Certificates of which one page looks up later ones. */
const MAX_COMPARED = 300;

const cursorOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/** Null when the text is no cursor of a search. */
export function parseSearchCursor(text: string): Place | null {
  try {
    const [key, notAfter, serial, ...rest] = JSON.parse(Buffer.from(text, 'base64url').toString());
    const known = typeof key === 'string' && Number.isSafeInteger(notAfter) && typeof serial === 'string';
    return known && rest.length === 0 ? [key, notAfter, serial] : null;
  } catch {
    return null;
  }
}

/** Serials of those that have a successor. */
type RenewedAmong = (certificates: readonly Renewable[]) => Statements<Set<string>>;

/** @param after a cursor of `parseSearchCursor`, or null */
export function* searchedPage(
  query: CertificateQuery,
  after: string | null,
  limit: number,
  now: number,
  renewedAmong: RenewedAmong,
): Statements<Page<CertificateRow>> {
  const pattern = query.name === undefined ? null : namePattern(query.name);
  const scan = scanOf(query, pattern, now);
  let at = (after === null ? null : parseSearchCursor(after)) ?? scan.start;
  const items: CertificateRow[] = [];
  let compared = 0;
  // First as many as a page shows and one, which nearly always decide it.
  for (const window of [limit + 1, scan.most]) {
    const edge = yield* scan.further(at, window);
    for (let rows: FoundRow[] | null = null; rows === null || rows.length > limit; ) {
      rows = yield* scan.between(at, edge ?? scan.end, limit + 1);
      const renewed = query.notRenewed ? yield* renewedAmong(rows.map(renewable)) : null;
      for (const [key, ...row] of rows) {
        const [serial, , , , , , notAfter] = row;
        if ((pattern === null || isFirstMatch(pattern, key, row)) && !renewed?.has(serial)) {
          if (items.length === limit) return { items, next: cursorOf(at) };
          items.push(row);
        }
        at = [key, notAfter, serial];
      }
      compared += rows.length;
      if (renewed !== null && compared >= MAX_COMPARED) return { items, next: cursorOf(at) };
    }
    if (edge === undefined) return { items, next: null };
    at = edge;
    if (items.length === limit) break;
  }
  return { items, next: cursorOf(at) };
}

const renewable = ([, serial, cn, , , identifiers, , notAfter]: FoundRow): Renewable => ({
  ...{ serial, cn, identifiers, notAfter },
});

/** A certificate with several matching names is found only by the first of their keys. */
function isFirstMatch(pattern: NamePattern, key: string, [, cn, , , identifiers]: CertificateRow): boolean {
  const values = [cn, ...(JSON.parse(identifiers) as { value: string }[]).map(({ value }) => value)];
  const matching = values.filter((value) => pattern.matches(value));
  const keys = matching.flatMap((value) => searchKeys({ cn: value, identifiers: [] }));
  const first = keys.filter((each) => each >= pattern.from && each <= pattern.to).sort(byBytes)[0];
  return first === key;
}

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
