import { z } from 'zod';
import { commonFolderAdvice } from '../../lib/common-marker.js';
import { jsonOrNull } from '../../lib/json.js';
import { InitError } from './init-error.js';

/**
 * The CA that a folder and a database belong to. Both record it, and every start compares them. So a lost
 * file, or one of another CA, is reported by name and not made again.
 */
export interface CaIdentity {
  /** SHA-256 of the root's DER, lower-case hex. */
  root: string;
  /** SHA-256 of the DER of each issuing certificate this CA has had, lower-case hex. */
  issuers: readonly string[];
}

/** The identity in the folder, with facts that the database does not record. */
export interface FolderMarker extends CaIdentity {
  /** CURVE public key of the operations socket (Z85), by which registered RAs recognise the CA. */
  channel: string;
  /** True when a database was bound to this CA. An empty database is then not this CA's. */
  database: boolean;
}

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const identity = z.object({ root: fingerprint, issuers: z.array(fingerprint).min(1).max(1_000) });
const marker = identity.extend({ channel: z.string().length(40), database: z.boolean() });

const ABOUT = 'Which CA this folder holds. uPKI compares it at every start; do not edit or remove it.';

/** The text of the marker file. */
export function folderMarkerText({ root, issuers, channel, database }: FolderMarker): string {
  return `${JSON.stringify({ about: ABOUT, root, issuers, channel, database }, null, 2)}\n`;
}

/** @throws InitError naming the file */
export function parseFolderMarker(text: string, path: string): FolderMarker {
  const read = marker.safeParse(jsonOrNull(text));
  if (read.success) return read.data;
  const advice = commonFolderAdvice(text, path, 'ca');
  if (advice !== null) throw new InitError(advice);
  throw new InitError(
    `${path} is damaged: it says which CA this folder holds. Restore it from the backup; without one, remove it ` +
      'when you are sure that every other file here belongs to this CA, and the next start makes it again',
  );
}

/** The value of the database setting with the identity. */
export function identityText({ root, issuers }: CaIdentity): string {
  return JSON.stringify({ root, issuers });
}

/** Null when the database has no identity, or one that cannot be read. */
export function parseIdentity(text: string | null): CaIdentity | null {
  if (text === null) return null;
  const read = identity.safeParse(jsonOrNull(text));
  return read.success ? read.data : null;
}
