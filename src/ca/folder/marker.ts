import { writeDurably } from '../../lib/files.js';
import { fingerprintOf } from '../../x509/fingerprint.js';
import { type FolderMarker, folderMarkerText } from './identity.js';
import type { CaFiles } from './load.js';
import { caPaths } from './paths.js';

/** The marker of a folder whose files were found to belong together. */
export function markerOf(
  { root, issuer, channel }: Pick<CaFiles, 'root' | 'issuer' | 'channel'>,
  database: boolean,
): FolderMarker {
  return {
    root: fingerprintOf(root),
    issuers: [fingerprintOf(issuer)],
    channel: channel.publicKey,
    database,
  };
}

/** Log message for a folder without a marker whose files and database belong together. */
export const markerWasLost = (path: string): string =>
  `${path} was not there (it was lost, or an older version wrote none): it says which CA this folder holds, and was made again`;

/** Writes the marker durably. From then on the folder is a CA's. */
export async function saveMarker(dataDir: string, marker: FolderMarker): Promise<void> {
  await writeDurably(caPaths(dataDir).marker, folderMarkerText(marker), 0o600);
}
