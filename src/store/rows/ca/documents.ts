import type { Page } from '../../contract/ca/certificates.js';
import type { DocumentKind, SyncedDocument } from '../../contract/ca/documents.js';
import { all, get, run, type SharedOperations } from '../shared.js';

const COLUMNS = 'kind, id, parent_id, body';

export type DocumentRow = [kind: string, id: string, parentId: string | null, body: string];

export function toRow({ kind, id, parentId, body }: SyncedDocument): DocumentRow {
  return [kind, id, parentId, JSON.stringify(body)];
}

export function fromRow([kind, id, parentId, body]: DocumentRow): SyncedDocument {
  return { kind: kind as DocumentKind, id, parentId, body: JSON.parse(body) };
}

/** Copies of ACME objects, as JSON that the CA does not read. */
export interface DocumentOperations {
  putDocument(row: DocumentRow, keptAt: number): void;
  getDocument(kind: DocumentKind, id: string): DocumentRow | undefined;
  listDocuments(
    kind: DocumentKind,
    parentId: string | null,
    after: string | null,
    limit: number,
  ): Page<DocumentRow>;
}

export const shared = {
  reads: {
    getDocument: (kind, id) =>
      get<DocumentRow>(`SELECT ${COLUMNS} FROM documents WHERE kind = $1 AND id = $2`, kind, id),

    *listDocuments(kind, parentId, after, limit) {
      const among = parentId === null ? 'kind = $1' : 'kind = $1 AND parent_id = $4';
      const items = yield* all<DocumentRow>(
        `SELECT ${COLUMNS} FROM documents WHERE ${among} AND id > $2 ORDER BY id LIMIT $3`,
        kind,
        after ?? '',
        limit,
        ...(parentId === null ? [] : [parentId]),
      );
      return { items, next: items.length < limit ? null : (items.at(-1)?.[1] ?? null) };
    },
  },
  writes: {
    *putDocument(row, keptAt) {
      yield* run(
        `INSERT INTO documents (${COLUMNS}, kept_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE
         SET parent_id = excluded.parent_id, body = excluded.body, kept_at = excluded.kept_at`,
        ...row,
        keptAt,
      );
    },
  },
} satisfies SharedOperations<DocumentOperations>;
