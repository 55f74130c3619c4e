import type { Page, RevokedEntry, StoredCrl } from '../../contract/ca.js';

/** RFC 5280 §5. A page's cursor is `notAfter:serial`, the order of the index of revoked certificates. */

export const CRL = 'number, der, this_update, next_update';

export type CrlRow = [number: number, der: Uint8Array, thisUpdate: number, nextUpdate: number];

export function crlFromRow([number, der, thisUpdate, nextUpdate]: CrlRow): StoredCrl {
  return { number, der, thisUpdate, nextUpdate };
}

export const REVOKED = 'serial, revoked_at, reason, not_after';

export type RevokedRow = [serial: string, revokedAt: number, reason: number | null, notAfter: number];

export function revokedPage(rows: RevokedRow[], limit: number): Page<RevokedEntry> {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    items: rows.map(([serial, revokedAt, reason]) => ({ serial, revokedAt, reason })),
    next: last ? `${last[3]}:${last[0]}` : null,
  };
}

/** The start of a page: after this certificate, without those whose notAfter is before `endedFrom`. */
export function revokedAfter(after: string | null, endedFrom: number): [notAfter: number, serial: string] {
  const [notAfter = '', serial = ''] = (after ?? '').split(':');
  return [Math.max(Number(notAfter) || 0, endedFrom), Number(notAfter) < endedFrom ? '' : serial];
}
