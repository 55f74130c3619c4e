import type { ClaimOutcome } from '../../contract/ra.js';
import { COLUMNS, type IssuanceRow, isKept, issuancesOf, type NodeRow } from '../../rows/ra/nodes.js';
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
       passed_on AS (UPDATE node_certificates SET node_id = $2 FROM replaced WHERE node_id = was)
       SELECT was FROM replaced`,
      ...row,
    );
    if (!replaced) return false;
    await db.run(END_PROOFS, replaced[0], registeredAt);
    await db.run('UPDATE node_certificates SET node_id = $2 WHERE node_id = $1', replaced[0], id);
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
       )
       SELECT ${COLUMNS} FROM ending`,
      cn,
      at,
    );
    if (node) await db.run(END_PROOFS, node[1], at);
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
    return issuancesOf([...own, ...ordered]);
  },

  async removeNode(db, id) {
    await db.run(
      `WITH forgotten AS (DELETE FROM node_certificates WHERE node_id = $1)
       DELETE FROM nodes WHERE id = $1`,
      id,
    );
  },
};
