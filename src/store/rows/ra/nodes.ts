import type { Node } from '../../../model/facts.js';
import type { ClaimOutcome, NodeIssuances } from '../../contract/ra/nodes.js';
import { all, changes, get, placeholders, run, type SharedOperations } from '../shared.js';

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

/** Whether the node exists and is not being removed. */
export function isKept(row: NodeRow | undefined): boolean {
  return row !== undefined && row[6] === null;
}

export type IssuedRow = [serial: string, notAfter: number];

/** Serials, each once, of those that end last. */
export function lastToEnd(rows: readonly IssuedRow[], limit: number): string[] {
  const sorted = rows.toSorted((one, other) => other[1] - one[1]);
  return [...new Set(sorted.map(([serial]) => serial))].slice(0, limit);
}

/** Nodes of the RA. */
export interface NodeOperations {
  createNode(row: NodeRow): boolean;
  replaceNode(row: NodeRow): boolean;
  getNode(cn: string): NodeRow | undefined;
  listNodes(after: string | null, limit: number): NodeRow[];
  findNodeBySeed(seedHash: string): NodeRow | undefined;
  findNodeBySerial(serial: string): NodeRow | undefined;
  claimEnrolment(seedHash: string, key: string, at: number): ClaimOutcome;
  recordEnrolment(enrolmentId: string, serial: string, notAfter: number): boolean;
  recordNodeCertificate(nodeId: string, serial: string, notAfter: number): boolean;
  /** Repeating it keeps the first time. */
  beginNodeRemoval(cn: string, at: number): NodeRow | undefined;
  findNodeIssuances(nodeId: string, now: number): NodeIssuances;
  getNodeById(id: string): NodeRow | undefined;
  findNodeByKey(keyId: string): NodeRow | undefined;
  changeNode(row: NodeRow, at: number): NodeRow | undefined;
  listNodeSerials(nodeId: string, limit: number): string[];
  removeNode(id: string): void;
}

/**
 * Ends the valid authorizations that `$1` (the id of a registration) proved. It is a statement of its own: one that
 * had to wait for the row of a node does not see what was stored meanwhile.
 */
export const END_PROOFS = `
  UPDATE authorizations SET revoked_at = $2, state = 'ended' WHERE proven_by = $1 AND state = 'valid'`;

const NODES_COLUMNS = COLUMNS.replace(/[a-z_]+/g, 'nodes.$&');

export const shared = {
  reads: {
    getNode: (cn) => get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn = $1`, cn),

    getNodeById: (id) => get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE id = $1`, id),

    listNodes: (after, limit) =>
      all<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn > $1 ORDER BY cn LIMIT $2`, after ?? '', limit),

    findNodeBySeed: (seedHash) =>
      get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE seed_hash = $1 AND removing_at IS NULL`, seedHash),

    findNodeByKey: (keyId) =>
      get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE key_id = $1 AND removing_at IS NULL`, keyId),

    findNodeBySerial: (serial) =>
      get<NodeRow>(
        `SELECT ${NODES_COLUMNS} FROM node_certificates JOIN nodes ON nodes.id = node_certificates.node_id
         WHERE node_certificates.serial = $1`,
        serial,
      ),

    *findNodeIssuances(nodeId, now) {
      const own = yield* all<IssuanceRow>(
        'SELECT serial, NULL FROM node_certificates WHERE node_id = $1 AND not_after > $2',
        nodeId,
        now,
      );
      const ordered = yield* all<IssuanceRow>(
        `SELECT certificates.serial, orders.due_at FROM authorizations
         JOIN orders ON orders.id = authorizations.order_id
         LEFT JOIN certificates ON certificates.id = orders.certificate_id
           AND certificates.revoked_at IS NULL AND certificates.not_after > $2
         WHERE authorizations.proven_by = $1`,
        nodeId,
        now,
      );
      const bound = yield* all<IssuanceRow>(
        `SELECT NULL, orders.due_at FROM accounts JOIN orders ON orders.account_id = accounts.id
         WHERE accounts.node_id = $1 AND orders.due_at IS NOT NULL`,
        nodeId,
      );
      return issuancesOf([...own, ...ordered, ...bound]);
    },

    *listNodeSerials(nodeId, limit) {
      const own = yield* all<IssuedRow>(
        'SELECT serial, not_after FROM node_certificates WHERE node_id = $1 ORDER BY not_after DESC LIMIT $2',
        nodeId,
        limit,
      );
      const ordered = yield* all<IssuedRow>(
        `SELECT certificates.serial, certificates.not_after FROM authorizations
         JOIN orders ON orders.id = authorizations.order_id
         JOIN certificates ON certificates.id = orders.certificate_id
         WHERE authorizations.proven_by = $1 LIMIT $2`,
        nodeId,
        limit,
      );
      return lastToEnd([...own, ...ordered], limit);
    },
  },
  writes: {
    createNode: (row) =>
      changes(
        `INSERT INTO nodes (${COLUMNS}) VALUES (${placeholders(COLUMNS)}) ON CONFLICT (cn) DO NOTHING`,
        ...row,
      ),

    *claimEnrolment(seedHash, key, at) {
      const isClaimed = yield* changes(
        `UPDATE nodes SET claimed_at = coalesce(claimed_at, $3), claimed_key = $2
         WHERE seed_hash = $1 AND removing_at IS NULL AND seed_expires_at > $3
           AND (claimed_key IS NULL OR claimed_key = $2)`,
        seedHash,
        key,
        at,
      );
      if (isClaimed) return 'claimed';
      const seed = yield* get<[expiresAt: number]>(
        'SELECT seed_expires_at FROM nodes WHERE seed_hash = $1 AND removing_at IS NULL',
        seedHash,
      );
      if (!seed) return 'unknown';
      return seed[0] <= at ? 'expired' : 'used';
    },

    *changeNode(row, at) {
      const [, id, names, profile, , , , , , , , , , patterns, waived, ...key] = row;
      const changed = yield* get<NodeRow>(
        `UPDATE nodes SET names = $2, profile = $3, patterns = $4, challenges_waived = $5, key_id = $6, sealed_key = $7,
           key_expires_at = $8, key_once = $9, key_used_at = $10
         WHERE id = $1 AND removing_at IS NULL RETURNING ${COLUMNS}`,
        ...[id, names, profile, patterns, waived, ...key],
      );
      if (changed) yield* run(END_PROOFS, id, at);
      return changed;
    },
  },
} satisfies SharedOperations<NodeOperations>;
