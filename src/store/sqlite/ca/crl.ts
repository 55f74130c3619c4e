import type { Page, RevokedEntry, StoredCrl } from '../../ca-store.js';
import { read, write } from '../protocol.js';

/** RFC 5280 §5. A page's cursor is `notAfter:serial`, the order of the index of revoked certificates. */

type CrlRow = [number: number, der: Uint8Array, thisUpdate: number, nextUpdate: number];

export const crlOperations = {
  listRevoked: read((sql, after: string | null, limit: number, now: number): Page<RevokedEntry> => {
    const [fromTime, fromSerial] = after === null ? [now, ''] : cursor(after, now);
    const rows = sql.all<[serial: string, revokedAt: number, reason: number | null, notAfter: number]>(
      `SELECT serial, revoked_at, reason, not_after FROM certificates
       WHERE revoked_at IS NOT NULL AND (not_after, serial) > (?, ?) ORDER BY not_after, serial LIMIT ?`,
      fromTime,
      fromSerial,
      limit,
    );
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      items: rows.map(([serial, revokedAt, reason]) => ({ serial, revokedAt, reason })),
      next: last ? `${last[3]}:${last[0]}` : null,
    };
  }),

  allocateCrlNumber: write(
    (sql): number =>
      sql.get<[number: number]>('UPDATE crl SET last_number = last_number + 1 RETURNING last_number')?.[0] ??
      0,
  ),

  putCrl: write(
    (sql, { number, der, thisUpdate, nextUpdate }: StoredCrl): boolean =>
      sql.run(
        `UPDATE crl SET number = ?, der = ?, this_update = ?, next_update = ?, last_number = max(last_number, ?)
         WHERE number IS NULL OR number < ?`,
        number,
        der,
        thisUpdate,
        nextUpdate,
        number,
        number,
      ) > 0,
  ),

  getCrl: read((sql): StoredCrl | null => {
    const row = sql.get<CrlRow>(
      'SELECT number, der, this_update, next_update FROM crl WHERE number IS NOT NULL',
    );
    if (!row) return null;
    const [number, der, thisUpdate, nextUpdate] = row;
    return { number, der, thisUpdate, nextUpdate };
  }),
};

function cursor(text: string, now: number): [notAfter: number, serial: string] {
  const [notAfter = '', serial = ''] = text.split(':');
  return [Math.max(Number(notAfter) || 0, now), Number(notAfter) < now ? '' : serial];
}
