import type { CertificateQuery } from '../../contract/ca/certificate-query.js';
import { CERTIFICATE_HOLD } from '../reasons.js';
import { all, get, type Statements } from '../shared.js';
import { Values } from '../values.js';
import { type CertificateRow, COLUMNS } from './certificates.js';
import { MOST_INDEXED, type NamePattern } from './search-keys.js';

/** A place in an index: that of one entry. */
export type Place = [key: string, notAfter: number, serial: string];

/** A certificate, after the key by which it was found. */
export type FoundRow = [key: string, ...CertificateRow];

/** The range of an index that a search walks, and what it asks of the certificates there. */
interface Scan {
  start: Place;
  end: Place;
  /** How many entries one page looks at. */
  most: number;
  /** The place `entries` further than `from`; undefined when the range ends before. */
  further(from: Place, entries: number): Statements<Place | undefined>;
  /** The first certificates after `from`, and up to `to`, that meet every condition. */
  between(from: Place, to: Place, limit: number): Statements<FoundRow[]>;
}

/** Entries of the index that one page looks at. */
const MAX_EXAMINED = 2_000;
/** The same where the index tells which are revoked, and no other certificate is read. */
const MAX_TOLD = 10_000;

/** A time after all others. */
const FOREVER = Number.MAX_SAFE_INTEGER;
/** After every serial, which are hex. */
const LAST_SERIAL = 'g';

const FOUND = COLUMNS.replace(/\w+/g, 'c.$&');

/** Ends from `lower` on, before `upper`. */
function timesOf({ state, expiresBefore, expiresAfter }: CertificateQuery, now: number) {
  const lower = Math.max(expiresAfter ?? 0, state === 'good' ? now : 0);
  const upper = Math.min(expiresBefore ?? FOREVER, state === 'expired' ? now : FOREVER);
  return { lower, upper };
}

/**
 * A name that is sought as a glob or network: by key, then by end. Else by end: with `expiresBefore` the certificate that ends first
 * comes first, else the one that ends last.
 */
export function scanOf(query: CertificateQuery, pattern: NamePattern | null, now: number): Scan {
  const { lower, upper } = timesOf(query, now);
  const keys = pattern !== null && pattern.from !== pattern.to ? pattern : null;
  const rising = keys !== null || query.expiresBefore !== undefined;
  const entry = pattern === null ? 'c' : 'n';
  const entries = pattern === null ? 'certificates c' : 'certificate_names n';
  const joined = pattern === null ? entries : `${entries} JOIN certificates c ON c.serial = n.serial`;
  const key = pattern === null ? "''" : 'n.name';
  const columns = [...(keys ? ['n.name'] : []), `${entry}.not_after`, `${entry}.serial`];
  const place = columns.join(', ');
  const order = columns.map((column) => `${column} ${rising ? 'ASC' : 'DESC'}`).join(', ');
  const [after, upTo] = rising ? ['>', '<='] : ['<', '>='];

  const range = (values: Values, from: Place, to: Place) => {
    const at = (position: Place) => values.add(...position.slice(-columns.length));
    const parts = [`(${place}) ${after} (${at(from)})`, `(${place}) ${upTo} (${at(to)})`];
    return [...indexed(query, pattern, values), ...parts].join(' AND ');
  };
  const { state, name, account, profile, issuers } = query;
  const isTold =
    (state === 'good' || state === 'expired') && (name ?? account ?? profile ?? issuers) === undefined;
  const end: Place = keys
    ? [keys.to, FOREVER, LAST_SERIAL]
    : ['', rising ? upper - 1 : lower, rising ? LAST_SERIAL : ''];
  return {
    start: keys ? [keys.from, -FOREVER, ''] : ['', rising ? lower - 1 : upper, rising ? LAST_SERIAL : ''],
    end,
    most: isTold ? MAX_TOLD : MAX_EXAMINED,
    further(from, count) {
      const values = new Values();
      return get<Place>(
        `SELECT ${key}, ${entry}.not_after, ${entry}.serial FROM ${entries}
          WHERE ${range(values, from, end)} ORDER BY ${order} LIMIT 1 OFFSET ${values.add(count - 1)}`,
        ...values.all,
      );
    },
    between(from, to, limit) {
      const values = new Values();
      const conditions = [
        range(values, from, to),
        // By itself, so that it is met in an index that has it.
        ...(state === 'good' || state === 'expired' ? ['c.revoked_at IS NULL'] : []),
        ...(keys ? ofKeys(keys, values) : []),
        // Not for an index to use: it would be another one, where the range is not bounded.
        `(${asked(query, { lower, upper }, values).join(' AND ')}) IS TRUE`,
      ];
      return all<FoundRow>(
        `SELECT ${key}, ${FOUND} FROM ${joined}
          WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ${values.add(limit)}`,
        ...values.all,
      );
    },
  };
}

/** The conditions that choose the index. */
function indexed(query: CertificateQuery, pattern: NamePattern | null, values: Values): string[] {
  if (pattern !== null) return pattern.from === pattern.to ? [`n.name = ${values.add(pattern.from)}`] : [];
  if (query.account !== undefined) return [`c.account_id = ${values.add(query.account)}`];
  const revoked = 'c.revoked_at IS NOT NULL';
  if (query.state === 'held') return [revoked, `c.reason = ${CERTIFICATE_HOLD}`];
  const [issuer, ...others] = query.issuers ?? [];
  if (issuer !== undefined && others.length === 0)
    return [`c.issuer = ${values.add(issuer)}`, ...(query.state === 'revoked' ? [revoked] : [])];
  if (query.state === 'revoked') return [revoked];
  if (query.profile !== undefined) return [`c.profile = ${values.add(query.profile)}`];
  return [];
}

/** What the key of a name tells, before its certificate is read. A key that may be cut tells nothing. */
function ofKeys({ like }: NamePattern, values: Values): string[] {
  return like === null
    ? []
    : [`(n.name LIKE ${values.add(like)} ESCAPE '\\' OR length(n.name) > ${MOST_INDEXED})`];
}

const STATES = {
  good: 'c.revoked_at IS NULL',
  expired: 'c.revoked_at IS NULL',
  held: `c.revoked_at IS NOT NULL AND c.reason = ${CERTIFICATE_HOLD}`,
  revoked: `c.revoked_at IS NOT NULL AND (c.reason IS NULL OR c.reason <> ${CERTIFICATE_HOLD})`,
};

/** Every condition of the query but its name. */
function asked(query: CertificateQuery, times: { lower: number; upper: number }, values: Values): string[] {
  const { state, profile, account, issuers } = query;
  return [
    ...(state === undefined ? [] : [STATES[state]]),
    `c.not_after >= ${values.add(times.lower)} AND c.not_after < ${values.add(times.upper)}`,
    ...(issuers === undefined
      ? []
      : [issuers.length > 0 ? `c.issuer IN (${values.add(...issuers)})` : '1 = 0']),
    ...(profile === undefined ? [] : [`c.profile = ${values.add(profile)}`]),
    ...(account === undefined ? [] : [`c.account_id = ${values.add(account)}`]),
    'c.deleted_at IS NULL',
  ];
}
