import type { Page } from '../../contract/ca/certificates.js';
import type { RevokedEntry, StoredCrl } from '../../contract/ca/crls.js';
import { all, changes, exists, get, type SharedOperations } from '../shared.js';

/** RFC 5280 §5. A page's cursor is `notAfter:serial`, the order of the index of revoked certificates. */

const CRL = 'number, der, this_update, next_update';

type CrlRow = [number: number, der: Uint8Array, thisUpdate: number, nextUpdate: number];

function crlFromRow([number, der, thisUpdate, nextUpdate]: CrlRow): StoredCrl {
  return { number, der, thisUpdate, nextUpdate };
}

const REVOKED = 'serial, revoked_at, reason, not_after';

type RevokedRow = [serial: string, revokedAt: number, reason: number | null, notAfter: number];

function revokedPage(rows: RevokedRow[], limit: number): Page<RevokedEntry> {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    items: rows.map(([serial, revokedAt, reason]) => ({ serial, revokedAt, reason })),
    next: last ? `${last[3]}:${last[0]}` : null,
  };
}

/** The start of a page: after this certificate, without those whose notAfter is before `endedFrom`. */
function revokedAfter(after: string | null, endedFrom: number): [notAfter: number, serial: string] {
  const [notAfter = '', serial = ''] = (after ?? '').split(':');
  return [Math.max(Number(notAfter) || 0, endedFrom), Number(notAfter) < endedFrom ? '' : serial];
}

/** RFC 5280 §5. */
export interface CrlOperations {
  listRevoked(issuer: string, after: string | null, limit: number, endedFrom: number): Page<RevokedEntry>;
  allocateCrlNumber(issuer: string, now: number): number;
  isCrlCurrent(issuer: string, number: number): boolean;
  putCrl(issuer: string, crl: StoredCrl): boolean;
  getCrl(issuer: string): StoredCrl | null;
}

export const shared = {
  reads: {
    *listRevoked(issuer, after, limit, endedFrom) {
      const rows = yield* all<RevokedRow>(
        `SELECT ${REVOKED} FROM certificates
         WHERE issuer = $1 AND revoked_at IS NOT NULL AND (not_after, serial) > ($2, $3)
         ORDER BY not_after, serial LIMIT $4`,
        issuer,
        ...revokedAfter(after, endedFrom),
        limit,
      );
      return revokedPage(rows, limit);
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
  },
  writes: {
    *allocateCrlNumber(issuer, now) {
      const row = yield* get<[number: number]>(
        'UPDATE crls SET last_number = greatest(last_number + 1, $2) WHERE issuer = $1 RETURNING last_number',
        issuer,
        now,
      );
      return row?.[0] ?? 0;
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
