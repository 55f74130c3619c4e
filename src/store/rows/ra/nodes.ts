import type { Node } from '../../../model/facts.js';
import type { NodeIssuances } from '../../contract/ra.js';

/** Registered nodes, the use of their seeds. */

export const COLUMNS =
  'cn, id, names, profile, registered_at, registered_by, removing_at, enrolment_id, seed_hash, seed_expires_at, ' +
  'claimed_at, claimed_key, serial, patterns, challenges_waived, key_id, sealed_key, key_expires_at, key_once, key_used_at';

export type NodeRow = [
  cn: string,
  id: string,
  names: string,
  profile: string,
  registeredAt: number,
  registeredBy: string,
  removingAt: number | null,
  enrolmentId: string,
  seedHash: string,
  seedExpiresAt: number,
  claimedAt: number | null,
  claimedKey: string | null,
  serial: string | null,
  patterns: string,
  challengesWaived: number,
  keyId: string | null,
  sealedKey: string | null,
  keyExpiresAt: number | null,
  keyOnce: number,
  keyUsedAt: number | null,
];

export function toRow(node: Node): NodeRow {
  const { enrolment } = node;
  return [
    node.cn,
    node.id,
    JSON.stringify(node.names),
    node.profile,
    node.registeredAt,
    node.registeredBy,
    node.removingAt,
    enrolment.id,
    enrolment.seedHash,
    enrolment.expiresAt,
    enrolment.claimedAt,
    enrolment.key,
    enrolment.serial,
    JSON.stringify(node.patterns),
    node.challengesWaived ? 1 : 0,
    node.key?.id ?? null,
    node.key?.sealed ?? null,
    node.key?.expiresAt ?? null,
    node.key?.once ? 1 : 0,
    node.key?.usedAt ?? null,
  ];
}

export function fromRow(row: NodeRow): Node {
  const [cn, id, names, profile, registeredAt, registeredBy, removingAt, ...rest] = row;
  const [enrolmentId, seedHash, expiresAt, claimedAt, claimedKey, serial, patterns, waived, ...keyRow] = rest;
  const [keyId, sealed, keyExpiresAt, once, usedAt] = keyRow;
  return {
    id,
    cn,
    names: JSON.parse(names),
    profile,
    registeredAt,
    registeredBy,
    removingAt,
    enrolment: { id: enrolmentId, seedHash, expiresAt, claimedAt, key: claimedKey, serial },
    patterns: JSON.parse(patterns),
    challengesWaived: waived === 1,
    key:
      keyId === null || sealed === null
        ? null
        : { id: keyId, sealed, expiresAt: keyExpiresAt, once: once === 1, usedAt },
  };
}

/** A certificate of a node, or one its authorization may get; `dueAt` is set while the order is being finalized. */
export type IssuanceRow = [serial: string | null, dueAt: number | null];

export function issuancesOf(rows: readonly IssuanceRow[]): NodeIssuances {
  const serials = rows.flatMap(([serial]) => serial ?? []);
  return { serials: [...new Set(serials)], unfinished: rows.some(([, dueAt]) => dueAt !== null) };
}

/** Whether there is such a node, and it is not being removed. */
export function isKept(row: NodeRow | undefined): boolean {
  return row !== undefined && row[6] === null;
}

export type IssuedRow = [serial: string, notAfter: number];

/** Serials, each once, of those that end last. */
export function lastToEnd(rows: readonly IssuedRow[], limit: number): string[] {
  const sorted = rows.toSorted((one, other) => other[1] - one[1]);
  return [...new Set(sorted.map(([serial]) => serial))].slice(0, limit);
}
