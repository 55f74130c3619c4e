import type { SearchState } from '../../../model/ca-register.js';
import type { CertificateQuery } from '../../contract/ca/certificate-query.js';
import { all, type Statements } from '../shared.js';
import type { SerialPage } from './listing.js';
import { type NamePattern, namePattern, searchKeys } from './search-keys.js';

/**
 * A search scans one index, the most selective one, and decides about each certificate. The work of a page is
 * bounded, so that a condition that no certificate meets costs no more than one that all meet.
 */

/** Certificates one page looks at. */
const MAX_EXAMINED = 2_000;
/** With `notRenewed`, for each of which later certificates are looked up. */
const MAX_COMPARED = 300;

/** RFC 5280 §5.3.1. */
const CERTIFICATE_HOLD = 6;

export type SearchRow = [
  key: string,
  notAfter: number,
  serial: string,
  cn: string,
  identifiers: string,
  profile: string,
  accountId: string | null,
  revokedAt: number | null,
  reason: number | null,
  deletedAt: number | null,
  issuer: string,
];

const FACTS = 'c.cn, c.identifiers, c.profile, c.account_id, c.revoked_at, c.reason, c.deleted_at, c.issuer';

interface SearchPlan {
  /** How many rows to look at: first few, then more. */
  windows: number[];
  look(window: number): Statements<SearchRow[]>;
  /** Whether a certificate is wanted, but for whether it was renewed. */
  wants(row: SearchRow): boolean;
  cursor(row: SearchRow): string;
}

/** The start of a page. */
type Position = [key: string, notAfter: number, serial: string];

const cursorOf = ([key, notAfter, serial]: SearchRow): string =>
  Buffer.from(JSON.stringify([key, notAfter, serial])).toString('base64url');

/** Null when the text is no cursor of a search. */
export function parseSearchCursor(text: string): Position | null {
  try {
    const [key, notAfter, serial, ...rest] = JSON.parse(Buffer.from(text, 'base64url').toString());
    const known = typeof key === 'string' && Number.isSafeInteger(notAfter) && typeof serial === 'string';
    return known && rest.length === 0 ? [key, notAfter, serial] : null;
  } catch {
    return null;
  }
}

/** A time after all others. */
const FOREVER = Number.MAX_SAFE_INTEGER;

/** @throws RangeError when `after` is no cursor of a search */
export function planSearch(
  query: CertificateQuery,
  after: string | null,
  limit: number,
  now: number,
): SearchPlan {
  const from = after === null ? null : parseSearchCursor(after);
  if (after !== null && from === null) throw new RangeError('the cursor is not one of a search');
  const pattern = query.name === undefined ? null : namePattern(query.name);
  const isRange = pattern !== null && pattern.from !== pattern.to;
  const most = query.notRenewed ? MAX_COMPARED : MAX_EXAMINED;
  return {
    windows: [limit + 1, Math.max(most, limit + 1)],
    look: (window) =>
      isRange ? rangeLook(pattern, from, window) : endLook(query, pattern, from, window, now),
    wants: (row) => wants(query, pattern, row, now),
    cursor: cursorOf,
  };
}

/** By key, then by end. */
function rangeLook(pattern: NamePattern, from: Position | null, window: number): Statements<SearchRow[]> {
  return all<SearchRow>(
    `SELECT n.name, n.not_after, n.serial, ${FACTS}
      FROM certificate_names n JOIN certificates c ON c.serial = n.serial
      WHERE (n.name, n.not_after, n.serial) > ($1, $2, $3) AND n.name <= $4
      ORDER BY n.name, n.not_after, n.serial LIMIT $5`,
    ...(from ?? [pattern.from, -FOREVER, '']),
    pattern.to,
    window,
  );
}

/** By end: with `expiresBefore` the certificate that ends first comes first, else the one that ends last. */
function endLook(
  query: CertificateQuery,
  pattern: NamePattern | null,
  from: Position | null,
  window: number,
  now: number,
): Statements<SearchRow[]> {
  const rising = query.expiresBefore !== undefined;
  const { lower, upper } = timesOf(query, now);
  const [, notAfter, serial] = from ?? ['', rising ? lower - 1 : upper, rising ? LAST_SERIAL : ''];
  const { key, facts, condition, values } = sourceOf(query, pattern);
  const [than, bound, order] = rising ? ['>', '<', 'ASC'] : ['<', '>=', 'DESC'];
  const next = (offset: number) => `$${values.length + offset}`;
  return all<SearchRow>(
    `SELECT ${key}, s.not_after, s.serial, ${facts}
      WHERE ${condition}(s.not_after, s.serial) ${than} (${next(1)}, ${next(2)}) AND s.not_after ${bound} ${next(3)}
      ORDER BY s.not_after ${order}, s.serial ${order} LIMIT ${next(4)}`,
    ...[...values, notAfter, serial, rising ? upper : lower, window],
  );
}

/** After every serial, which are hex. */
const LAST_SERIAL = 'g';

/** Ends from `lower` on, before `upper`. */
function timesOf({ state, expiresBefore, expiresAfter }: CertificateQuery, now: number) {
  const lower = Math.max(expiresAfter ?? 0, state === 'good' ? now : 0);
  const upper = Math.min(expiresBefore ?? FOREVER, state === 'expired' ? now : FOREVER);
  return { lower, upper };
}

function sourceOf(query: CertificateQuery, pattern: NamePattern | null) {
  const own = FACTS.replaceAll('c.', 's.');
  const onCertificates = (condition: string, values: string[]) => ({
    key: "''",
    facts: `${own} FROM certificates s`,
    condition,
    values,
  });
  if (pattern !== null) {
    return {
      key: 's.name',
      facts: `${FACTS} FROM certificate_names s JOIN certificates c ON c.serial = s.serial`,
      condition: 's.name = $1 AND ',
      values: [pattern.from],
    };
  }
  if (query.account !== undefined) return onCertificates('s.account_id = $1 AND ', [query.account]);
  const [issuer, ...others] = query.issuers ?? [];
  const isRevoked = query.state === 'revoked' || query.state === 'held';
  if (issuer !== undefined && others.length === 0)
    return onCertificates(`s.issuer = $1 AND ${isRevoked ? 's.revoked_at IS NOT NULL AND ' : ''}`, [issuer]);
  if (isRevoked) return onCertificates('s.revoked_at IS NOT NULL AND ', []);
  if (query.profile !== undefined) return onCertificates('s.profile = $1 AND ', [query.profile]);
  return onCertificates('', []);
}

function wants(query: CertificateQuery, pattern: NamePattern | null, row: SearchRow, now: number): boolean {
  const [key, notAfter, , , , profile, accountId, revokedAt, reason, deletedAt, issuer] = row;
  if (deletedAt !== null) return false;
  if (query.issuers !== undefined && !query.issuers.includes(issuer)) return false;
  if (query.state !== undefined && query.state !== stateAt(notAfter, revokedAt, reason, now)) return false;
  if (query.expiresBefore !== undefined && notAfter >= query.expiresBefore) return false;
  if (query.expiresAfter !== undefined && notAfter < query.expiresAfter) return false;
  if (query.profile !== undefined && query.profile !== profile) return false;
  if (query.account !== undefined && query.account !== accountId) return false;
  return pattern === null || isFirstMatch(pattern, key, row);
}

/** A certificate with several matching names is found only by the first of their keys. */
function isFirstMatch(pattern: NamePattern, key: string, [, , , cn, identifiers]: SearchRow): boolean {
  const values = [cn, ...(JSON.parse(identifiers) as { value: string }[]).map(({ value }) => value)];
  const matching = values.filter((value) => pattern.matches(value));
  const keys = matching.flatMap((value) => searchKeys({ cn: value, identifiers: [] }));
  const first = keys.filter((each) => each >= pattern.from && each <= pattern.to).sort(byBytes)[0];
  return first === key;
}

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

function stateAt(
  notAfter: number,
  revokedAt: number | null,
  reason: number | null,
  now: number,
): SearchState {
  if (revokedAt !== null) return reason === CERTIFICATE_HOLD ? 'held' : 'revoked';
  return notAfter < now ? 'expired' : 'good';
}

/** The key by which a possible successor of a certificate is found. */
export function firstKey([, , , cn, identifiers]: SearchRow): string {
  const [first] = JSON.parse(identifiers) as { value: string }[];
  return searchKeys({ cn: first?.value ?? cn, identifiers: [] })[0] ?? '';
}

/** Whether a later certificate that is not revoked has every name of this one. */
export function isRenewed([, , , , identifiers]: SearchRow, later: readonly string[]): boolean {
  const keys = (text: string) =>
    (JSON.parse(text) as { type: string; value: string }[]).map(
      ({ type, value }) => `${type}:${value.toLowerCase()}`,
    );
  const own = keys(identifiers);
  return later.some((each) => {
    const names = new Set(keys(each));
    return own.every((name) => names.has(name));
  });
}

/** Most later certificates examined as a possible successor of a certificate. */
export const MOST_LATER = 20;

/** The wanted among the rows examined, at most `limit`, and where the next page begins. */
export function searchPage(
  plan: SearchPlan,
  examined: readonly SearchRow[],
  window: number,
  limit: number,
  renewed: ReadonlySet<string>,
): SerialPage {
  const serials: string[] = [];
  let last: SearchRow | null = null;
  for (const row of examined) {
    if (plan.wants(row) && !renewed.has(row[2])) {
      if (serials.length === limit) return { serials, next: last && plan.cursor(last) };
      serials.push(row[2]);
    }
    last = row;
  }
  return { serials, next: examined.length < window || !last ? null : plan.cursor(last) };
}
