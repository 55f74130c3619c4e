import type { CertificateFilter, Page } from '../../contract/ca/certificates.js';
import { all, get, type Statements } from '../shared.js';
import { Values } from '../values.js';
import { type CertificateRow, COLUMNS } from './certificates.js';

/**
 * Certificates that one page looks at, so that a filter nothing passes cannot read the whole table. Neighbours by serial are stored
 * apart, so each is a read.
 */
const MAX_EXAMINED = 500;

/** A page of a filtered listing, by serial. */
export function* listedPage(
  after: string | null,
  limit: number,
  now: number,
  filter: CertificateFilter,
): Statements<Page<CertificateRow>> {
  let at = after ?? '';
  const items: CertificateRow[] = [];
  // First as many as a page shows and one, which nearly always decide it.
  for (const window of [limit + 1, MAX_EXAMINED]) {
    // All certificates of one CN are read and sorted anyway.
    const edge = filter.cn === undefined ? yield* further(at, window) : undefined;
    const rows = yield* between(at, edge ?? null, limit + 1 - items.length, now, filter);
    for (const row of rows) {
      if (items.length === limit) return { items, next: at };
      items.push(row);
      [at] = row;
    }
    if (edge === undefined) return { items, next: null };
    [at] = edge;
    if (items.length === limit) break;
  }
  return { items, next: at };
}

const further = (after: string, entries: number): Statements<[serial: string] | undefined> =>
  get(
    'SELECT serial FROM certificates WHERE serial > $1 ORDER BY serial LIMIT 1 OFFSET $2',
    after,
    entries - 1,
  );

function between(
  after: string,
  edge: [serial: string] | null,
  limit: number,
  now: number,
  filter: CertificateFilter,
): Statements<CertificateRow[]> {
  const values = new Values();
  const range = [
    `serial > ${values.add(after)}`,
    ...(edge === null ? [] : [`serial <= ${values.add(...edge)}`]),
    ...(filter.cn === undefined ? [] : [`cn = ${values.add(filter.cn)}`]),
    // Not for an index to use: it would be another one.
    `(${asked(filter, now, values).join(' AND ')}) IS TRUE`,
  ];
  return all<CertificateRow>(
    `SELECT ${COLUMNS} FROM certificates WHERE ${range.join(' AND ')} ORDER BY serial LIMIT ${values.add(limit)}`,
    ...values.all,
  );
}

function asked({ state, expiresBefore, issuer }: CertificateFilter, now: number, values: Values): string[] {
  return [
    'deleted_at IS NULL',
    ...(state === undefined ? [] : [`revoked_at IS ${state === 'revoked' ? 'NOT NULL' : 'NULL'}`]),
    ...(state === 'good' ? [`not_after >= ${values.add(now)}`] : []),
    ...(state === 'expired' ? [`not_after < ${values.add(now)}`] : []),
    ...(expiresBefore === undefined ? [] : [`not_after < ${values.add(expiresBefore)}`]),
    ...(issuer === undefined ? [] : [`issuer = ${values.add(issuer)}`]),
  ];
}
