import type { AuthorityRecord } from '../../contract/ca.js';

/** In the order of the columns. `of` is a word of SQL. */
export const AUTHORITY =
  'id, kind, tag, certificate, chain, root, of_root, key_ref, sealed_key, added_at, used_from, retired_at, renew_from';

export type AuthorityRow = [
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
export const CHANGEABLE = {
  usedFrom: 'used_from',
  retiredAt: 'retired_at',
  renewFrom: 'renew_from',
  keyRef: 'key_ref',
  sealedKey: 'sealed_key',
} as const;
