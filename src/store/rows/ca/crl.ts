import { HOUR } from '../../../lib/time.js';
import type { Page } from '../../contract/ca/certificates.js';
import type { ChangedEntry, CrlHead, RevokedEntry, StoredCrl } from '../../contract/ca/crls.js';
import { all, changes, exists, get, run, type SharedOperations } from '../shared.js';

/** RFC 5280 §5. A page's cursor is `notAfter:serial`, the order of the index of revoked certificates. */

/**
 * How far behind the allocated number the noted changes reach. Numbers follow the clock, so this is about two hours; a publisher
 * whose number is no longer there reads all revoked certificates.
 */
const CHANGES_KEPT = 2 * HOUR;
/** The same where a clock was ahead: numbers rise by one at a time until it is right again. */
const NUMBERS_KEPT = 100;
/** Most noted changes that are deleted when a number is allocated. */
const FORGOTTEN = 500;

const CRL = 'number, der, this_update, next_update';

type CrlRow = [number: number, der: Uint8Array, thisUpdate: number, nextUpdate: number];

function crlFromRow([number, der, thisUpdate, nextUpdate]: CrlRow): StoredCrl {
  return { number, der, thisUpdate, nextUpdate };
}

/**
 * The certificates of a page, each as its columns with colons between, separated by commas: one text is cheaper to copy to
 * another thread than thousands of rows.
 */
const PACKED =
  "string_agg(serial || ':' || revoked_at || ':' || coalesce(CAST(reason AS TEXT), '') || ':' || not_after, ',')";

/** The page of `limit` certificates that a database has packed. */
export function revokedPage(packed: string | null, limit: number): Page<RevokedEntry> {
  const items: RevokedEntry[] = [];
  let last = { notAfter: 0, serial: '' };
  for (const columns of packed?.split(',') ?? []) {
    const [serial = '', revokedAt, reason, end] = columns.split(':');
    items.push({ serial, revokedAt: Number(revokedAt), reason: reason === '' ? null : Number(reason) });
    // No database promises the order of what it aggregates.
    const notAfter = Number(end);
    if (notAfter > last.notAfter || (notAfter === last.notAfter && serial > last.serial))
      last = { notAfter, serial };
  }
  return { items, next: items.length < limit ? null : `${last.notAfter}:${last.serial}` };
}

/** The start of a page: after this certificate, without those whose notAfter is before `endedFrom`. */
function revokedAfter(after: string | null, endedFrom: number): [notAfter: number, serial: string] {
  const [notAfter = '', serial = ''] = (after ?? '').split(':');
  return [Math.max(Number(notAfter) || 0, endedFrom), Number(notAfter) < endedFrom ? '' : serial];
}

/** What was noted, with the certificate as it is now; without a serial: the name of the allocation of the number. */
type ChangeRow = [
  number: number,
  serial: string,
  allocation: string | null,
  revokedAt: number | null,
  reason: number | null,
  notAfter: number | null,
];

/** RFC 5280 §5. */
export interface CrlOperations {
  listRevoked(issuer: string, after: string | null, limit: number, endedFrom: number): string | null;
  listChanged(
    issuer: string,
    number: number,
    allocation: string,
    limit: number,
    endedFrom: number,
  ): ChangedEntry[] | null;
  allocateCrlNumber(issuer: string, now: number, allocation: string | null): number;
  isCrlCurrent(issuer: string, number: number): boolean;
  putCrl(issuer: string, crl: StoredCrl): boolean;
  getCrl(issuer: string): StoredCrl | null;
  getCrlHead(issuer: string): CrlHead | null;
  getCurrentCrl(issuer: string): StoredCrl | null;
}

export const shared = {
  reads: {
    *listRevoked(issuer, after, limit, endedFrom) {
      const row = yield* get<[packed: string | null]>(
        `SELECT ${PACKED} FROM (
           SELECT serial, revoked_at, reason, not_after FROM certificates
           WHERE issuer = $1 AND revoked_at IS NOT NULL AND (not_after, serial) > ($2, $3)
           ORDER BY not_after, serial LIMIT $4
         ) AS page`,
        issuer,
        ...revokedAfter(after, endedFrom),
        limit,
      );
      return row?.[0] ?? null;
    },

    *listChanged(issuer, number, allocation, limit, endedFrom) {
      const rows = yield* all<ChangeRow>(
        `SELECT changed.number, changed.serial, changed.publisher,
                certificates.revoked_at, certificates.reason, certificates.not_after
         FROM crl_changes AS changed LEFT JOIN certificates ON certificates.serial = changed.serial
         WHERE changed.issuer = $1 AND changed.number >= $2 ORDER BY changed.number, changed.serial LIMIT $3`,
        issuer,
        number,
        limit + 1,
      );
      const [first] = rows;
      if (first?.[0] !== number || first[2] !== allocation || rows.length > limit) return null;
      return rows.flatMap(([noted, serial, , revokedAt, reason, notAfter]) => {
        if (serial === '') return [];
        const listed = revokedAt !== null && notAfter !== null && notAfter >= endedFrom;
        return [{ serial, number: noted, entry: listed ? { serial, revokedAt, reason } : null }];
      });
    },

    isCrlCurrent: (issuer, number) =>
      exists('SELECT 1 FROM crls WHERE issuer = $1 AND number = $2 AND number > stale_up_to', issuer, number),

    *getCrl(issuer) {
      const row = yield* get<CrlRow>(
        `SELECT ${CRL} FROM crls WHERE issuer = $1 AND number IS NOT NULL`,
        issuer,
      );
      return row ? crlFromRow(row) : null;
    },

    *getCrlHead(issuer) {
      const row = yield* get<[number: number, thisUpdate: number, nextUpdate: number]>(
        'SELECT number, this_update, next_update FROM crls WHERE issuer = $1 AND number IS NOT NULL',
        issuer,
      );
      return row ? { number: row[0], thisUpdate: row[1], nextUpdate: row[2] } : null;
    },

    *getCurrentCrl(issuer) {
      const row = yield* get<CrlRow>(
        `SELECT ${CRL} FROM crls WHERE issuer = $1 AND number > stale_up_to`,
        issuer,
      );
      return row ? crlFromRow(row) : null;
    },
  },
  writes: {
    *allocateCrlNumber(issuer, now, allocation) {
      const row = yield* get<[number: number]>(
        'UPDATE crls SET last_number = greatest(last_number + 1, $2) WHERE issuer = $1 RETURNING last_number',
        issuer,
        now,
      );
      if (row === undefined) return 0;
      const [number] = row;
      if (allocation !== null) {
        yield* run(
          "INSERT INTO crl_changes (issuer, number, serial, publisher) VALUES ($1, $2, '', $3)",
          issuer,
          number,
          allocation,
        );
      }
      // The oldest first: changes are never without the allocation before them.
      yield* run(
        `DELETE FROM crl_changes WHERE (issuer, number, serial) IN (
           SELECT issuer, number, serial FROM crl_changes
           WHERE issuer = $1 AND number < $2 ORDER BY number, serial LIMIT $3)`,
        issuer,
        number - (number > now + CHANGES_KEPT ? NUMBERS_KEPT : CHANGES_KEPT),
        FORGOTTEN,
      );
      return number;
    },

    putCrl: (issuer, { number, der, thisUpdate, nextUpdate }) =>
      changes(
        `UPDATE crls SET number = $1, der = $2, this_update = $3, next_update = $4,
                         last_number = greatest(last_number, $1)
         WHERE issuer = $5 AND (number IS NULL OR number < $1)`,
        number,
        der,
        thisUpdate,
        nextUpdate,
        issuer,
      ),
  },
} satisfies SharedOperations<CrlOperations>;
