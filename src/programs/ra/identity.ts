import { createPrivateKey, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { type CurveKeyPair, curveKeyPairFromSecret } from '../../channel/curve-keys.js';
import { z85DecodeKey } from '../../channel/z85.js';
import { commonFolderAdvice } from '../../lib/common-marker.js';
import { jsonOrNull } from '../../lib/json.js';
import { requireUsable } from '../../lib/usable-file.js';
import type { RaStore } from '../../store/index.js';
import { DerError } from '../../x509/der-error.js';
import { fingerprintOf, shortFingerprint } from '../../x509/fingerprint.js';
import { fromPem } from '../../x509/pem.js';
import { CannotStart } from '../exit.js';

/**
 * The CA that an RA belongs to: recorded in its folder and in its database, so that lost or foreign data is
 * reported by name.
 */
interface RaIdentity {
  /** SHA-256 of the DER of each root its clients were given, lower-case hex. */
  roots: readonly string[];
}

/** The identity as it is stored in the RA's folder. */
export interface RaMarker extends RaIdentity {
  /** Whether the RA has stored accounts and orders. If so, an empty database is not its own. */
  database: boolean;
  /** CURVE public key of its CA (Z85); undefined in clear mode, and after a registration by an older version. */
  channel?: string | undefined;
}

const roots = z.array(z.string().regex(/^[0-9a-f]{64}$/)).min(1);
const marker = z.object({ roots, database: z.boolean(), channel: z.string().optional() });
const identity = z.object({ roots });

const ABOUT =
  'Of which CA the RA in this folder is. uPKI compares it at every start; do not edit or remove it.';

/** The text of the marker file. */
export function raMarkerText({ roots, database, channel }: RaMarker): string {
  return `${JSON.stringify({ about: ABOUT, roots, database, channel }, null, 2)}\n`;
}

/** @throws CannotStart naming the file */
export function parseRaMarker(text: string, path: string): RaMarker {
  const read = marker.safeParse(jsonOrNull(text));
  if (read.success) return read.data;
  const advice = commonFolderAdvice(text, path, 'ra');
  if (advice !== null) throw new CannotStart(advice);
  throw new CannotStart(
    `${path} is damaged: it says of which CA this RA is. Restore it from the backup; without one, remove it when you are sure ` +
      'that every other file here belongs together, and the next start makes it again',
  );
}

/** The setting in which the database stores its owner. */
const IDENTITY = 'identity';

/** @throws CannotStart when the file in which the RA stored accounts and orders is missing or empty */
export async function requireDatabaseFile(
  path: string,
  known: RaMarker | null,
  directory: string,
): Promise<void> {
  await requireUsable(path);
  if (known === null || !known.database) return;
  const found = await stat(path).catch(() => null);
  if (found !== null && found.size > 0) return;
  throw new CannotStart(
    `${path} is ${found === null ? 'missing' : 'empty (zero length)'}: it is the database with the accounts and orders of this RA. ` +
      `${remedies(directory)} If they are kept in PostgreSQL now, start with UPKI_DATABASE_URL.`,
  );
}

const remedies = (directory: string): string =>
  'Restore it from the backup. Without one, begin with an empty database on purpose: ' +
  `\`upki ra init -d ${directory} --anew database\`; clients then make their accounts again, and certificates stay good.`;

/**
 * Binds a database to this RA, or verifies that it is bound to it. Adds new roots. Replicas may call this at the same time.
 * @param root PEM of the CA's root
 * @param where the database for messages, and the RA's folder
 * @throws CannotStart when it belongs to an RA of another CA, or is empty although this RA had one
 */
export async function bindDatabase(
  store: Pick<RaStore, 'getSetting' | 'putSetting'>,
  root: string,
  known: RaMarker | null,
  { location, directory }: { location: string; directory: string },
): Promise<void> {
  const own = rootFingerprints(root);
  const kept = identity.safeParse(jsonOrNull((await store.getSetting(IDENTITY)) ?? ''));
  if (!kept.success && known?.database) {
    throw new CannotStart(
      `${location} is not the database this RA had: it is empty, or was made by another program. ${remedies(directory)}`,
    );
  }
  if (kept.success && !kept.data.roots.some((each) => own.includes(each))) {
    throw new CannotStart(
      `${location} is the database of an RA of another CA, whose root has the SHA-256 ${kept.data.roots.map(shortFingerprint).join(', ')}; ` +
        `this RA is of ${own.map(shortFingerprint).join(', ')}. Put together what belongs together, from one backup, or let ` +
        'UPKI_DATABASE_URL name another database.',
    );
  }
  await noteRoots(store, root);
}

/** Adds roots (PEM) to the identity in the database, after the CA has changed its roots. */
export async function noteRoots(
  store: Pick<RaStore, 'getSetting' | 'putSetting'>,
  roots: string,
): Promise<void> {
  const kept = identity.safeParse(jsonOrNull((await store.getSetting(IDENTITY)) ?? ''));
  const known = kept.success ? kept.data.roots : [];
  const all = [...new Set([...known, ...rootFingerprints(roots)])];
  if (all.length > known.length) await store.putSetting(IDENTITY, JSON.stringify({ roots: all }));
}

/** Fingerprints of the certificates in a PEM text. */
export function rootFingerprints(pem: string): string[] {
  return fromPem('CERTIFICATE', pem).map(fingerprintOf);
}

/** The folder of the files, for messages. */
interface RaPaths {
  directory: string;
  tlsKey: string;
  certificate: string;
  root: string;
  /** The file that says of which CA this RA is. */
  marker: string;
}

/**
 * Checks that the files of a registered RA belong together: key and certificate, certificate and root, root
 * and marker.
 * @throws CannotStart naming the file
 */
export function requireWhole(
  { certificate, root, key }: { certificate: string; root: string; key: string },
  known: RaMarker | null,
  paths: RaPaths,
): void {
  const again = `\`upki ra register -d ${paths.directory} --anew\` (with the CA's seed)`;
  const tls = inFile(paths.tlsKey, () => createPrivateKey(key));
  const [leaf, ...above] = certificatesIn(certificate, paths.certificate);
  const roots = certificatesIn(root, paths.root);
  if (leaf === undefined || !leaf.checkPrivateKey(tls)) {
    throw new CannotStart(
      `${paths.certificate} is not the certificate of the key in ${paths.tlsKey}: one of the two was replaced. Restore both from the ` +
        `backup, or have new ones: ${again}.`,
    );
  }
  if (!leads([leaf, ...above], roots)) {
    throw new CannotStart(
      `${paths.certificate} does not lead to the root in ${paths.root}: they are of different CAs. Restore both from the backup, or ` +
        `register again: ${again}.`,
    );
  }
  const own = rootFingerprints(root);
  if (known === null || known.roots.some((each) => own.includes(each))) return;
  throw new CannotStart(
    `${paths.root} is the root of another CA: its SHA-256 is ${own.map(shortFingerprint).join(', ')}, this RA is of ` +
      `${known.roots.map(shortFingerprint).join(', ')} (${paths.marker}). Put back the files that belong here, or register anew: ${again}.`,
  );
}

/** Whether each certificate is signed by the next one, up to one that a root signed. A cross-certificate may follow that one. */
function leads(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  for (const [index, each] of chain.entries()) {
    if (roots.some((top) => top.raw.equals(each.raw) || isSignedBy(each, top))) return true;
    const next = chain[index + 1];
    if (next === undefined || !isSignedBy(each, next)) return false;
  }
  return false;
}

/** Whether a certificate with its chain leads to one of these roots, all PEM. */
export function leadsTo(certificate: string, roots: string): boolean {
  const read = (pem: string) => fromPem('CERTIFICATE', pem).map((der) => new X509Certificate(der));
  return leads(read(certificate), read(roots));
}

/** The RA's end of the channel. @throws CannotStart naming the file */
export function channelKeysIn(text: string, path: string): CurveKeyPair {
  return inFile(path, () => curveKeyPairFromSecret(text.trim()));
}

/** @throws CannotStart when a text is not the public key of the channel of the RA's CA */
export function requireCaKey(text: string, known: RaMarker | null, path: string, directory: string): void {
  const isKey = z85DecodeKey(text) !== null;
  if (isKey && (known?.channel === undefined || known.channel === text)) return;
  const what = isKey
    ? 'is the key of another CA than the one this RA registered with'
    : 'is damaged (it must hold a CURVE key in Z85, 40 characters): it is the key by which this RA knows its CA';
  throw new CannotStart(
    `${path} ${what}. Restore it from the backup, or register as a new RA on purpose: ` +
      `\`upki ra register -d ${directory} --anew\` (with the CA's seed).`,
  );
}

function certificatesIn(pem: string, path: string): X509Certificate[] {
  const read = inFile(path, () => fromPem('CERTIFICATE', pem).map((der) => new X509Certificate(der)));
  if (read.length > 0) return read;
  throw new CannotStart(`${path} holds no certificate (PEM): restore it from the backup`);
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Adds the file's name to errors about its content, and never the content. */
function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof DerError || error instanceof RangeError ? ` (${error.message})` : '';
    throw new CannotStart(`${path} is damaged${why}: restore it from the backup`, { cause: error });
  }
}
