import type { AuthorityChange, AuthorityRecord } from '../../contract/ca/authorities.js';
import { all, audited, exists, get, type SharedOperations } from '../shared.js';

/** In the order of the columns. `of` is a word of SQL. */
export const AUTHORITY =
  'id, kind, tag, certificate, chain, root, of_root, key_ref, sealed_key, added_at, used_from, retired_at, renew_from';

type AuthorityRow = [
  id: string,
  kind: string,
  tag: string,
  certificate: Uint8Array,
  chain: string,
  root: string,
  of: string | null,
  keyRef: string | null,
  sealedKey: Uint8Array | null,
  addedAt: number,
  usedFrom: number | null,
  retiredAt: number | null,
  renewFrom: number | null,
];

export function authority(row: AuthorityRow): AuthorityRecord {
  const [id, kind, tag, certificate, chain, root, of, keyRef, sealedKey, addedAt, ...rest] = row;
  const [usedFrom, retiredAt, renewFrom] = rest;
  return {
    id,
    kind: kind as AuthorityRecord['kind'],
    tag,
    certificate,
    chain,
    root,
    of,
    keyRef,
    sealedKey,
    addedAt,
    usedFrom,
    retiredAt,
    renewFrom,
  };
}

export function authorityRow(record: AuthorityRecord): AuthorityRow {
  const { id, kind, tag, certificate, chain, root, of, keyRef, sealedKey, addedAt } = record;
  const { usedFrom, retiredAt, renewFrom } = record;
  const facts = [id, kind, tag, certificate, chain, root, of, keyRef, sealedKey, addedAt] as const;
  return [...facts, usedFrom, retiredAt, renewFrom];
}

/** The column of each fact that may change. */
const CHANGEABLE = {
  usedFrom: 'used_from',
  retiredAt: 'retired_at',
  renewFrom: 'renew_from',
  keyRef: 'key_ref',
  sealedKey: 'sealed_key',
} as const;

/** The authorities of this CA. */
export interface AuthorityOperations {
  listAuthorities(): AuthorityRow[];
  addAuthority(record: AuthorityRecord, instead: string | null, entry: string): boolean;
  changeAuthority(id: string, change: AuthorityChange, entry: string): boolean;
  lastCertificateEnd(issuer: string): number | null;
}

export const shared = {
  reads: {
    listAuthorities: () => all<AuthorityRow>(`SELECT ${AUTHORITY} FROM authorities ORDER BY seq`),

    *lastCertificateEnd(issuer) {
      // A row comparison: only the index by issuer serves it, whatever a planner estimates about an issuer.
      const row = yield* get<[issuer: string, end: number]>(
        `SELECT issuer, not_after FROM certificates WHERE (issuer, not_after) <= ($1, ${Number.MAX_SAFE_INTEGER})
         ORDER BY issuer DESC, not_after DESC LIMIT 1`,
        issuer,
      );
      return row?.[0] === issuer ? row[1] : null;
    },
  },
  writes: {
    changeAuthority(id, change, entry) {
      const columns = Object.entries(CHANGEABLE).flatMap(([fact, column]) => {
        const value = change[fact as keyof typeof CHANGEABLE];
        return value === undefined ? [] : [{ column, value }];
      });
      if (columns.length === 0) return exists('SELECT 1 FROM authorities WHERE id = $1', id);
      const set = columns.map(({ column }, index) => `${column} = $${index + 2}`).join(', ');
      const values = columns.map(({ value }) => value);
      return audited(entry, `UPDATE authorities SET ${set} WHERE id = $1`, id, ...values);
    },
  },
} satisfies SharedOperations<AuthorityOperations>;
