import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseFolderMarker } from '../ca/folder/identity.js';
import { caPaths } from '../ca/folder/paths.js';
import { readIfThere, writeDurably } from '../lib/files.js';
import { shortFingerprint } from '../x509/fingerprint.js';
import { CannotStart } from './exit.js';
import { RaFiles } from './ra/files.js';
import { parseRaMarker, rootFingerprints } from './ra/identity.js';

/** The folders of `upki start`: the common one, and one for each program. */
export interface InstallationFolders {
  common: string;
  ca: string;
  ra: string;
}

/** File in the common folder; it exists after both programs have served from there. */
const NAME = 'identity.json';
const marker = z.object({ root: z.string().regex(/^[0-9a-f]{64}$/) });
const ABOUT =
  'A CA and an RA have served from this folder. uPKI compares it at every start; do not edit or remove it.';

/**
 * Checks that the folders of CA and RA exist and belong together.
 * @throws CannotStart naming the folder
 */
export async function requireInstallation({ common, ca, ra }: InstallationFolders): Promise<void> {
  const served = await servedRoot(join(common, NAME));
  const ofRa = await readIfThere(new RaFiles(ra).path('root'));
  const raRoots = ofRa === null ? [] : readable(ofRa);
  const known = raRoots[0] ?? served;
  const ofCa = await caRoots(ca);
  if (known !== null && ofCa === null) {
    throw new CannotStart(
      `${ca} holds no CA any more: it held the keys and certificates of the CA with the root ${shortFingerprint(known)}. Restore it from ` +
        `the backup. Another root, which no client trusts yet, is only made in another directory, or when ${common} is moved away.`,
    );
  }
  if (
    raRoots.length > 0 &&
    ofCa !== null &&
    ofCa.length > 0 &&
    !raRoots.some((each) => ofCa.includes(each)) &&
    !(await hasFollowed(raRoots, ofCa, { common, ca, ra }))
  ) {
    throw new CannotStart(
      `${ra} is an RA of another CA: its root has the SHA-256 ${raRoots.map(shortFingerprint).join(', ')}, the one in ${ca} ` +
        `${ofCa.map(shortFingerprint).join(', ')}. Put together what belongs together, from one backup.`,
    );
  }
  if (served !== null && !(await isAnyRa(ra))) {
    throw new CannotStart(
      `${ra} holds no RA any more: it held the accounts and orders of ACME clients. Restore it from the backup; or begin with ` +
        `an empty RA on purpose: \`upki ra init -d ${ra}\`.`,
    );
  }
}

/**
 * Whether the RA belongs to a CA that has changed its root since; the folder of the CA names only its first root. The RA's marker must
 * have the roots that the RA publishes, and the CA's first root. A newer RA does not have the first root; it must have pinned the
 * channel key of the CA.
 */
async function hasFollowed(
  raRoots: readonly string[],
  ofCa: readonly string[],
  where: InstallationFolders,
): Promise<boolean> {
  const files = new RaFiles(where.ra);
  const text = await readIfThere(files.path('marker'));
  const known = text === null ? [] : parseRaMarker(text, files.path('marker')).roots;
  if (!raRoots.every((each) => known.includes(each))) return false;
  if (known.some((each) => ofCa.includes(each))) return true;
  const { pinned, channel } = await channelKeys(where);
  return pinned !== null && pinned === channel;
}

/** The CA's channel key as pinned by the RA, and as stored in the CA's marker; null when absent. */
async function channelKeys({
  ca,
  ra,
}: InstallationFolders): Promise<{ pinned: string | null; channel: string | null }> {
  const text = await readIfThere(caPaths(ca).marker);
  const pinned = await readIfThere(new RaFiles(ra).path('caChannelKey'));
  return {
    pinned: pinned?.trim() ?? null,
    channel: text === null ? null : markedChannel(text, caPaths(ca).marker),
  };
}

/** Records that both programs have served: from now on a missing folder is an error. @param root PEM of the CA's root */
export async function noteInstallation({ common }: InstallationFolders, root: string): Promise<void> {
  const [first] = rootFingerprints(root);
  if (first === undefined || (await servedRoot(join(common, NAME))) === first) return;
  const text = `${JSON.stringify({ about: ABOUT, root: first }, null, 2)}\n`;
  await writeDurably(join(common, NAME), text, 0o600);
}

/**
 * Removes the pinned channel key after the operator has replaced the CA's, so that the RA on this machine, which has the seed,
 * registers again. True if it removed the key.
 */
export async function forgetOldChannelKey(where: InstallationFolders): Promise<boolean> {
  const { pinned, channel } = await channelKeys(where);
  if (pinned === null || channel === null || channel === pinned) return false;
  await rm(new RaFiles(where.ra).path('caChannelKey'));
  return true;
}

/** Null for a damaged marker, which the CA reports at its start. */
function markedChannel(text: string, path: string): string | null {
  try {
    return parseFolderMarker(text, path).channel;
  } catch {
    return null;
  }
}

/** Null before both programs have served, and for a damaged file; the programs' own markers are then decisive. */
async function servedRoot(path: string): Promise<string | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return marker.parse(JSON.parse(text)).root;
  } catch {
    return null;
  }
}

/** Fingerprints of the roots in a PEM text; empty for a damaged text, which its program reports at its start. */
function readable(pem: string): string[] {
  try {
    return rootFingerprints(pem);
  } catch {
    return [];
  }
}

/** Fingerprints of the CA's roots; null when the folder has no CA. The CA reports damaged files at its start. */
async function caRoots(folder: string): Promise<string[] | null> {
  const paths = caPaths(folder);
  const text = await readIfThere(paths.marker);
  const root = await readIfThere(paths.root);
  const there = [text, root, await readIfThere(paths.issuer), await readIfThere(paths.issuerKey)];
  if (there.every((each) => each === null)) return null;
  try {
    return [
      ...new Set([
        ...(text === null ? [] : [parseFolderMarker(text, paths.marker).root]),
        ...(root === null ? [] : readable(root)),
      ]),
    ];
  } catch {
    return [];
  }
}

async function isAnyRa(folder: string): Promise<boolean> {
  const files = new RaFiles(folder);
  for (const name of ['marker', 'tlsKey', 'certificate'] as const) {
    if ((await readIfThere(files.path(name))) !== null) return true;
  }
  return false;
}
