import { writeDurably } from '../../lib/files.js';
import { fingerprintOf } from '../../x509/fingerprint.js';
import { type FolderMarker, markerText } from './identity.js';
import type { CaFiles } from './load.js';
import { caPaths } from './paths.js';

/** The marker of a folder whose files belong together. */
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

/** Writes the marker, durably: the folder is a CA's from here on. */
export async function saveMarker(dataDir: string, marker: FolderMarker): Promise<void> {
  await writeDurably(caPaths(dataDir).marker, markerText(marker), 0o600);
}
