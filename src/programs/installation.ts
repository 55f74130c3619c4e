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

/** The folders of `upki start`: the common one, and one a program. */
export interface InstallationFolders {
  common: string;
  ca: string;
  ra: string;
}

/** File in the common folder that records that both programs have served from here. */
const NAME = 'identity.json';
const marker = z.object({ root: z.string().regex(/^[0-9a-f]{64}$/) });
const ABOUT =
  'A CA and an RA have served from this folder. uPKI compares it at every start; do not edit or remove it.';

/**
 * Checks that the folders of CA and RA belong together, and that neither is missing.
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
 * True for an RA whose CA has gone on to another root: the folder of the CA names the root it began with. The roots that the RA gives out
 * are among those it knows of its CA, and so is the CA's first, unless the RA is younger; then it pinned the key of the CA's channel.
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

/** The key of the CA's channel, as the RA pinned it and as the CA's marker has it; null: there is none. */
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

/** Both programs serve: from now on a missing folder is reported. @param root PEM of the CA's root */
export async function noteInstallation({ common }: InstallationFolders, root: string): Promise<void> {
  const [first] = rootFingerprints(root);
  if (first === undefined || (await servedRoot(join(common, NAME))) === first) return;
  const text = `${JSON.stringify({ about: ABOUT, root: first }, null, 2)}\n`;
  await writeDurably(join(common, NAME), text, 0o600);
}

/**
 * A CA whose channel key was made again on purpose is another one to its RAs; the one beside it has the seed and can register
 * again. True when it will.
 */
export async function forgetOldChannelKey(where: InstallationFolders): Promise<boolean> {
  const { pinned, channel } = await channelKeys(where);
  if (pinned === null || channel === null || channel === pinned) return false;
  await rm(new RaFiles(where.ra).path('caChannelKey'));
  return true;
}

/** Null for a damaged marker, which the CA tells by name. */
function markedChannel(text: string, path: string): string | null {
  try {
    return parseFolderMarker(text, path).channel;
  } catch {
    return null;
  }
}

/** Null when nothing has served yet, or nothing can be read: the programs' own markers tell then. */
async function servedRoot(path: string): Promise<string | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return marker.parse(JSON.parse(text)).root;
  } catch {
    return null;
  }
}

/** Of a PEM text; none of a damaged one, which the program whose it is tells by name. */
function readable(pem: string): string[] {
  try {
    return rootFingerprints(pem);
  } catch {
    return [];
  }
}

/** Fingerprints of the CA's roots; null when the folder holds no CA. A damaged file is told by the CA itself. */
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
