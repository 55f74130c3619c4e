import { COLUMNS, type DocumentRow } from '../../rows/ca/documents.js';
import type { DocumentOperations } from '../../rows/ca/operations.js';
import type { PostgresOperations } from '../operations.js';

/** Copies of ACME objects, as JSON nobody here looks into. */

export const documentOperations: PostgresOperations<DocumentOperations> = {
  async putDocument(db, row, keptAt) {
    await db.run(
      `INSERT INTO documents (${COLUMNS}, kept_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE
       SET parent_id = excluded.parent_id, body = excluded.body, kept_at = excluded.kept_at`,
      ...row,
      keptAt,
    );
  },

  getDocument: (db, kind, id) =>
    db.get<DocumentRow>(`SELECT ${COLUMNS} FROM documents WHERE kind = $1 AND id = $2`, kind, id),

  async listDocuments(db, kind, parentId, after, limit) {
    const among = parentId === null ? 'kind = $1' : 'kind = $1 AND parent_id = $4';
    const items = await db.all<DocumentRow>(
      `SELECT ${COLUMNS} FROM documents WHERE ${among} AND id > $2 ORDER BY id LIMIT $3`,
      kind,
      after ?? '',
      limit,
      ...(parentId === null ? [] : [parentId]),
    );
    return { items, next: items.length < limit ? null : (items.at(-1)?.[1] ?? null) };
  },
};
