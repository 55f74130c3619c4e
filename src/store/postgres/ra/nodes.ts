import {
  COLUMNS,
  END_PROOFS,
  isKept,
  type NodeOperations,
  type NodeRow,
  shared,
} from '../../rows/ra/nodes.js';
import { parameters } from '../columns.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** Registered nodes, the use of their seeds, and their certificates. */

/** Ends the accounts bound to `$1` (§7.1.2), in a statement of its own like END_PROOFS. */
const END_ACCOUNTS = 'UPDATE accounts SET revoked_at = coalesce(revoked_at, $2) WHERE node_id = $1';

const common = inPostgres(shared);

/** Records the certificate of serial `$2` for the node that `owner` finds. */
const recordFor = (owner: string): string =>
  `WITH owner AS (${owner}),
   kept AS (
     INSERT INTO node_certificates (serial, node_id, not_after) SELECT $2, id, $3 FROM owner ON CONFLICT DO NOTHING
   )
   SELECT id FROM owner`;

export const nodeOperations: PostgresOperations<NodeOperations> = {
  ...common,

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

  async recordEnrolment(db, enrolmentId, serial, notAfter) {
    const recorded = await db.get(
      recordFor('UPDATE nodes SET serial = $2 WHERE enrolment_id = $1 AND removing_at IS NULL RETURNING id'),
      enrolmentId,
      serial,
      notAfter,
    );
    return recorded !== undefined || isKept(await common.findNodeBySerial(db, serial));
  },

  async recordNodeCertificate(db, nodeId, serial, notAfter) {
    const recorded = await db.get(
      recordFor('SELECT id FROM nodes WHERE id = $1 AND removing_at IS NULL FOR SHARE'),
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

  async removeNode(db, id) {
    await db.run(
      `WITH forgotten AS (DELETE FROM node_certificates WHERE node_id = $1)
       DELETE FROM nodes WHERE id = $1`,
      id,
    );
  },
};
