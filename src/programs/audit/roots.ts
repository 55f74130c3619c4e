import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMarker } from '../../ca/folder/load.js';
import { caPaths } from '../../ca/folder/paths.js';
import { fingerprintOf } from '../../x509/fingerprint.js';
import { fromPem } from '../../x509/pem.js';
import { RaFiles } from '../ra/files.js';

/** SHA-256 of every root that the program in a folder has had; null for a folder without a marker. */
export async function knownRoots(program: 'ra' | 'ca', folder: string): Promise<readonly string[] | null> {
  if (program === 'ra') return (await new RaFiles(folder).marker())?.roots ?? null;
  const marker = await readMarker(caPaths(folder).marker);
  if (marker === null) return null;
  const files = (await readdir(folder)).filter((name) => name.endsWith('.crt'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const certificates = texts.flatMap((text) => fromPem('CERTIFICATE', text));
  return [marker.root, ...certificates.map(fingerprintOf)];
}
