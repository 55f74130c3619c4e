import type { ClaimOutcome } from '../../contract/ra.js';
import {
  COLUMNS,
  type IssuanceRow,
  type IssuedRow,
  isKept,
  issuancesOf,
  lastToEnd,
  type NodeRow,
} from '../../rows/ra/nodes.js';
import type { NodeOperations } from '../../rows/ra/operations.js';
import { parameters, qualified } from '../columns.js';
import type { PostgresOperations } from '../operations.js';

/** Registered nodes, the use of their seeds, and their certificates. */

/**
 * Ends what `$1` (the id of an earlier registration) proved. A statement that had to wait for the row of a node does not see
 * what was stored for it meanwhile, so this follows it.
 */
const END_PROOFS = `
  UPDATE authorizations SET revoked_at = $2, state = 'ended' WHERE proven_by = $1 AND state = 'valid'`;

/** Ends the accounts bound to `$1` (§7.1.2), for the same reason in a statement of its own. */
const END_ACCOUNTS = 'UPDATE accounts SET revoked_at = coalesce(revoked_at, $2) WHERE node_id = $1';

const BY_SERIAL = `
  SELECT ${qualified(COLUMNS, 'nodes')} FROM node_certificates JOIN nodes ON nodes.id = node_certificates.node_id
  WHERE node_certificates.serial = $1`;

export const nodeOperations: PostgresOperations<NodeOperations> = {
  async createNode(db, row) {
    const created = await db.run(
      `INSERT INTO nodes (${COLUMNS}) VALUES (${parameters(COLUMNS)}) ON CONFLICT (cn) DO NOTHING`,
      ...row,
    );
    return created > 0;
  },

  async replaceNode(db, row) {
    const [, id, , , registeredAt] = row;
    const replaced = await db.get<[was: string]>(
      `WITH old AS (SELECT id FROM nodes WHERE cn = $1 AND removing_at IS NULL FOR UPDATE),
       replaced AS (
         UPDATE nodes SET (${COLUMNS}) = ROW (${parameters(COLUMNS)}) FROM old WHERE nodes.id = old.id
         RETURNING old.id AS was
       ),
       ended AS (
         UPDATE authorizations
         SET revoked_at = CASE WHEN state = 'valid' THEN $5 ELSE revoked_at END, state = 'ended', proven_by = $2
         FROM replaced WHERE proven_by = was
       ),
       passed_on AS (UPDATE node_certificates SET node_id = $2 FROM replaced WHERE node_id = was),
       stopped AS (
         UPDATE accounts SET revoked_at = coalesce(revoked_at, $5), node_id = $2 FROM replaced WHERE node_id = was
       )
       SELECT was FROM replaced`,
      ...row,
    );
    if (!replaced) return false;
    await db.run(END_PROOFS, replaced[0], registeredAt);
    await db.run('UPDATE node_certificates SET node_id = $2 WHERE node_id = $1', replaced[0], id);
    await db.run(
      'UPDATE accounts SET revoked_at = coalesce(revoked_at, $3), node_id = $2 WHERE node_id = $1',
      replaced[0],
      id,
      registeredAt,
    );
    return true;
  },

  getNode: (db, cn) => db.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn = $1`, cn),

  listNodes: (db, after, limit) =>
    db.all<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE cn > $1 ORDER BY cn LIMIT $2`, after ?? '', limit),

  findNodeBySeed: (db, seedHash) =>
    db.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE seed_hash = $1 AND removing_at IS NULL`, seedHash),

  findNodeBySerial: (db, serial) => db.get<NodeRow>(BY_SERIAL, serial),

  async claimEnrolment(db, seedHash, key, at): Promise<ClaimOutcome> {
    const claimed = await db.run(
      `UPDATE nodes SET claimed_at = coalesce(claimed_at, $3), claimed_key = $2
       WHERE seed_hash = $1 AND removing_at IS NULL AND seed_expires_at > $3
         AND (claimed_key IS NULL OR claimed_key = $2)`,
      seedHash,
      key,
      at,
    );
    if (claimed > 0) return 'claimed';
    const seed = await db.get<[expiresAt: number]>(
      'SELECT seed_expires_at FROM nodes WHERE seed_hash = $1 AND removing_at IS NULL',
      seedHash,
    );
    if (!seed) return 'unknown';
    return seed[0] <= at ? 'expired' : 'used';
  },

  async recordEnrolment(db, enrolmentId, serial, notAfter) {
    const recorded = await db.get(
      `WITH owner AS (
         UPDATE nodes SET serial = $2 WHERE enrolment_id = $1 AND removing_at IS NULL RETURNING id
       ),
       kept AS (
         INSERT INTO node_certificates (serial, node_id, not_after)
         SELECT $2, id, $3 FROM owner ON CONFLICT DO NOTHING
       )
       SELECT id FROM owner`,
      enrolmentId,
      serial,
      notAfter,
    );
    return recorded !== undefined || isKept(await db.get<NodeRow>(BY_SERIAL, serial));
  },

  async recordNodeCertificate(db, nodeId, serial, notAfter) {
    const recorded = await db.get(
      `WITH owner AS (SELECT id FROM nodes WHERE id = $1 AND removing_at IS NULL FOR SHARE),
       kept AS (
         INSERT INTO node_certificates (serial, node_id, not_after)
         SELECT $2, id, $3 FROM owner ON CONFLICT DO NOTHING
       )
       SELECT id FROM owner`,
      nodeId,
      serial,
      notAfter,
    );
    return recorded !== undefined;
  },

  async beginNodeRemoval(db, cn, at) {
    const node = await db.get<NodeRow>(
      `WITH ending AS (
         UPDATE nodes SET removing_at = coalesce(removing_at, $2) WHERE cn = $1 RETURNING ${COLUMNS}
       ),
       ended AS (
         UPDATE authorizations SET revoked_at = $2, state = 'ended'
         WHERE proven_by = (SELECT id FROM ending) AND state = 'valid'
       ),
       stopped AS (
         UPDATE accounts SET revoked_at = coalesce(revoked_at, $2) WHERE node_id = (SELECT id FROM ending)
       )
       SELECT ${COLUMNS} FROM ending`,
      cn,
      at,
    );
    if (!node) return undefined;
    await db.run(END_PROOFS, node[1], at);
    await db.run(END_ACCOUNTS, node[1], at);
    return node;
  },

  async findNodeIssuances(db, nodeId, now) {
    const own = await db.all<IssuanceRow>(
      'SELECT serial, NULL FROM node_certificates WHERE node_id = $1 AND not_after > $2',
      nodeId,
      now,
    );
    const ordered = await db.all<IssuanceRow>(
      `SELECT certificates.serial, orders.due_at FROM authorizations
       JOIN orders ON orders.id = authorizations.order_id
       LEFT JOIN certificates ON certificates.id = orders.certificate_id
         AND certificates.revoked_at IS NULL AND certificates.not_after > $2
       WHERE authorizations.proven_by = $1`,
      nodeId,
      now,
    );
    const bound = await db.all<IssuanceRow>(
      `SELECT NULL, orders.due_at FROM accounts JOIN orders ON orders.account_id = accounts.id
       WHERE accounts.node_id = $1 AND orders.due_at IS NOT NULL`,
      nodeId,
    );
    return issuancesOf([...own, ...ordered, ...bound]);
  },

  getNodeById: (db, id) => db.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE id = $1`, id),

  findNodeByKey: (db, keyId) =>
    db.get<NodeRow>(`SELECT ${COLUMNS} FROM nodes WHERE key_id = $1 AND removing_at IS NULL`, keyId),

  async changeNode(db, row, at) {
    const [, id, names, profile, , , , , , , , , , patterns, waived, ...key] = row;
    const changed = await db.get<NodeRow>(
      `UPDATE nodes SET names = $2, profile = $3, patterns = $4, challenges_waived = $5, key_id = $6, sealed_key = $7,
         key_expires_at = $8, key_once = $9, key_used_at = $10
       WHERE id = $1 AND removing_at IS NULL RETURNING ${COLUMNS}`,
      ...[id, names, profile, patterns, waived, ...key],
    );
    if (changed) await db.run(END_PROOFS, id, at);
    return changed;
  },

  async listNodeSerials(db, nodeId, limit) {
    const own = await db.all<IssuedRow>(
      'SELECT serial, not_after FROM node_certificates WHERE node_id = $1 ORDER BY not_after DESC LIMIT $2',
      nodeId,
      limit,
    );
    const ordered = await db.all<IssuedRow>(
      `SELECT certificates.serial, certificates.not_after FROM authorizations
       JOIN orders ON orders.id = authorizations.order_id
       JOIN certificates ON certificates.id = orders.certificate_id
       WHERE authorizations.proven_by = $1 LIMIT $2`,
      nodeId,
      limit,
    );
    return lastToEnd([...own, ...ordered], limit);
  },

  async removeNode(db, id) {
    await db.run(
      `WITH forgotten AS (DELETE FROM node_certificates WHERE node_id = $1)
       DELETE FROM nodes WHERE id = $1`,
      id,
    );
  },
};
