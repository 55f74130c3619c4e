import type { Page } from './certificates.js';

export type DocumentKind = 'account' | 'order' | 'authorization';

/** A copy of an ACME object that an RA stores at the CA; `body` is the RA's own JSON. */
export interface SyncedDocument {
  kind: DocumentKind;
  id: string;
  /** The account of an order, the order of an authorization; null for an account. */
  parentId: string | null;
  body: Record<string, unknown>;
}

/** Copies of ACME objects. */
export interface Documents {
  /** @param at when it is stored, in ms since the epoch */
  putDocument(document: SyncedDocument, at: number): Promise<void>;
  getDocument(kind: DocumentKind, id: string): Promise<SyncedDocument | null>;
  /** Documents of a kind, by id; with `parentId` only its children. */
  listDocuments(
    kind: DocumentKind,
    page: { parentId?: string; after: string | null; limit: number },
  ): Promise<Page<SyncedDocument>>;
}
