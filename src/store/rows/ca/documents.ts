import type { DocumentKind, SyncedDocument } from '../../contract/ca.js';

export const COLUMNS = 'kind, id, parent_id, body';

export type DocumentRow = [kind: string, id: string, parentId: string | null, body: string];

export function toRow({ kind, id, parentId, body }: SyncedDocument): DocumentRow {
  return [kind, id, parentId, JSON.stringify(body)];
}

export function fromRow([kind, id, parentId, body]: DocumentRow): SyncedDocument {
  return { kind: kind as DocumentKind, id, parentId, body: JSON.parse(body) };
}
