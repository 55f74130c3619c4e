import type { DocumentKind, Page } from '../../contract/ca.js';
import { COLUMNS, type DocumentRow } from '../../rows/ca/documents.js';
import type { DocumentOperations } from '../../rows/ca/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** Copies of ACME objects, as JSON nobody here looks into. */

export const documentOperations = {
  putDocument: write((sql, row: DocumentRow, keptAt: number): void => {
    sql.run(
      `INSERT INTO documents (${COLUMNS}, kept_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE
       SET parent_id = excluded.parent_id, body = excluded.body, kept_at = excluded.kept_at`,
      ...row,
      keptAt,
    );
  }),

  getDocument: read((sql, kind: DocumentKind, id: string): DocumentRow | undefined =>
    sql.get<DocumentRow>(`SELECT ${COLUMNS} FROM documents WHERE kind = ? AND id = ?`, kind, id),
  ),

  listDocuments: read(
    (
      sql,
      kind: DocumentKind,
      parentId: string | null,
      after: string | null,
      limit: number,
    ): Page<DocumentRow> => {
      const items =
        parentId === null
          ? sql.all<DocumentRow>(
              `SELECT ${COLUMNS} FROM documents WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`,
              kind,
              after ?? '',
              limit,
            )
          : sql.all<DocumentRow>(
              `SELECT ${COLUMNS} FROM documents WHERE kind = ? AND parent_id = ? AND id > ? ORDER BY id LIMIT ?`,
              kind,
              parentId,
              after ?? '',
              limit,
            );
      return { items, next: items.length < limit ? null : (items.at(-1)?.[1] ?? null) };
    },
  ),
} satisfies SqliteOperations<DocumentOperations>;
