import { stat } from 'node:fs/promises';
import { requireUsable } from '../../lib/usable-file.js';
import type { CaStore } from '../../store/contract/ca.js';
import { parseCertificate, publicKeyOf } from '../../x509/certificate.js';
import { isCrlSignedBy } from '../../x509/crl.js';
import { fingerprintOf, shortFingerprint } from '../../x509/fingerprint.js';
import { type CaIdentity, type FolderMarker, identityText, parseIdentity } from './identity.js';
import { InitError } from './init-error.js';
import type { CaFiles } from './load.js';
import { markerOf, markerWasLost, saveMarker } from './marker.js';
import { caPaths } from './paths.js';

/** Setting with the CA that the database belongs to. */
const IDENTITY = 'identity';
/** The tag of a CA's first issuer. */
const FIRST_ISSUER = '';

/** The CA that a database belongs to; null for a new database, or one of a version that did not record it. */
async function identityIn(store: Pick<CaStore, 'getSetting'>): Promise<CaIdentity | null> {
  return parseIdentity(await store.getSetting(IDENTITY));
}

/** Whether a CA has used the database, which means its folder was completed once. */
export async function isUsed(store: Pick<CaStore, 'getSetting' | 'getCrl'>): Promise<boolean> {
  return (await identityIn(store)) !== null || (await store.getCrl(FIRST_ISSUER)) !== null;
}

/**
 * Checks the database file before it is opened, because SQLite would recreate a lost one.
 * @throws InitError when the CA had a database and the file is missing or empty; errors of the file system with the path
 */
export async function requireDatabaseFile(
  path: string,
  marker: FolderMarker | null,
  dataDir: string,
): Promise<void> {
  await requireUsable(path);
  if (marker === null || !marker.database) return;
  const found = await stat(path).catch(() => null);
  if (found !== null && found.size > 0) return;
  throw new InitError(
    `${path} is ${found === null ? 'missing' : 'empty (zero length)'}: it is the database with every certificate this CA issued ` +
      `and revoked. ${remedies(dataDir)} If it is kept in PostgreSQL now, start with UPKI_CA_DATABASE_URL.`,
  );
}

const remedies = (dataDir: string): string =>
  'Restore it from the backup. Without one, begin with an empty database on purpose, which forgets every certificate and ' +
  `revocation: \`upki ca init -d ${dataDir} --anew database\`.`;

const TOGETHER = 'Put together what belongs together, from one backup; a new CA needs a database of its own.';

interface Binding {
  store: Pick<CaStore, 'getSetting' | 'putSetting' | 'getCrl'>;
  files: CaFiles;
  /** The CA's own folder. */
  dataDir: string;
  /** The database's location for messages, without a password. */
  location: string;
  /** Called with a sentence when the folder's marker is made again. */
  warn?: (sentence: string) => void;
}

/**
 * Binds folder and database to each other, or verifies that they belong to the same CA. Several processes may
 * do so at the same time: all write the same values.
 * @throws InitError when the database is another CA's, or empty although this CA had one
 */
export async function bindDatabase({ store, files, dataDir, location, warn }: Binding): Promise<void> {
  const marker = files.marker ?? markerOf(files, false);
  const kept = await identityIn(store);
  if (kept !== null) {
    requireSame(kept, files, location);
  } else {
    if (marker.database) {
      throw new InitError(
        `${location} is not the database this CA had: it is empty, or was made by another program. ${remedies(dataDir)}`,
      );
    }
    await requireOwnCrl({ store, files, location });
    await store.putSetting(IDENTITY, identityText(marker));
  }
  if (files.marker === null) warn?.(markerWasLost(caPaths(dataDir).marker));
  if (files.marker === null || !marker.database) await saveMarker(dataDir, { ...marker, database: true });
}

function requireSame(kept: CaIdentity, files: CaFiles, location: string): void {
  const root = fingerprintOf(files.root);
  if (kept.root !== root) {
    throw new InitError(
      `${location} is the database of another CA: its root has the SHA-256 ${shortFingerprint(kept.root)}, the root in this folder ` +
        `${shortFingerprint(root)}. ${TOGETHER}`,
    );
  }
  const issuer = fingerprintOf(files.issuer);
  if (kept.issuers.includes(issuer)) return;
  throw new InitError(
    `${location} knows no issuing certificate with the SHA-256 ${shortFingerprint(issuer)}, which this folder has, but ` +
      `${kept.issuers.map(shortFingerprint).join(', ')}: one of the two is older. Restore both from one backup.`,
  );
}

/** An older database has no identity, so its CRL must be signed with this CA's key. @throws InitError */
async function requireOwnCrl({ store, files, location }: Omit<Binding, 'dataDir'>): Promise<void> {
  const crl = await store.getCrl(FIRST_ISSUER);
  if (crl === null) return;
  if (isCrlSignedBy(crl.der, publicKeyOf(parseCertificate(files.issuer)))) return;
  throw new InitError(
    `${location} is the database of another CA: the CRL in it was not signed by the key in this folder. ${TOGETHER}`,
  );
}
