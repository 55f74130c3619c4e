import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveKeyPairFromSecret, newCurveKeyPair, newRegistrationSeed } from '../../channel/curve-keys.js';
import { readIfThere, setAside } from '../../lib/files.js';
import { LAST_SEEN } from '../../lib/last-seen.js';
import { parseCertificate } from '../../x509/certificate.js';
import { importCaFiles } from './import.js';
import { InitError } from './init-error.js';
import { nameConstraintsOf } from './issuer-certificates.js';
import { type CaFiles, certificateIn, loadCaFiles, readMarker, refuseWaiting } from './load.js';
import { ensureFile, ensureIssuer, ensureRoot } from './make.js';
import { markerOf, markerWasLost, saveMarker } from './marker.js';
import { missingFiles } from './needed.js';
import type { InitOptions } from './options.js';
import { caPaths } from './paths.js';
import { permitOnly } from './permit.js';
import { requireUsableFiles } from './usable.js';

export { InitError } from './init-error.js';
export { type CaFiles, loadCaFiles } from './load.js';
export type { InitOptions } from './options.js';
export { caPaths } from './paths.js';

/**
 * Makes the folder a CA, or completes an interrupted run. It may be interrupted anywhere and repeated: every
 * file is written whole and synced before files that depend on it, and existing files are not written again.
 * In a CA that was completed once, a lost file is an error, and only the parts in `anew` are made again. The
 * result has passed every check of a start.
 * @throws InitError, CaCertificateError, KeyFileError, each naming the file
 */
export async function initCaFiles(options: InitOptions): Promise<CaFiles> {
  const { dataDir, imported, anew = [], existed = false } = options;
  const paths = caPaths(dataDir);
  await requireUsableFiles(dataDir);
  const marker = await readMarker(paths.marker);
  const finished = marker !== null || existed;
  if (!finished) await refuseWaiting(dataDir);
  if (finished) {
    const missing = await missingFiles(dataDir, anew);
    if (missing.length > 0) throw new InitError(missing.join('\n'));
  }
  for (const folder of [dataDir, paths.profiles, paths.privateKeys]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (finished && (options.permit ?? []).length > 0) await warnOfLimits(options);
  if (imported !== null) await importCaFiles(options, imported);
  else if (!finished) await ensureRoot(options);
  if (!finished) await ensureIssuer(options);
  if (anew.includes('channel.key')) await setAside(paths.channelKey);
  if (anew.includes('seed')) await setAside(paths.seed);
  await ensureFile(paths.channelKey, () => `${newCurveKeyPair().secretKey}\n`);
  await ensureFile(paths.seed, () => `${options.seed ?? newRegistrationSeed()}\n`);
  if (anew.includes('database')) {
    for (const suffix of ['', '-wal', '-shm']) await setAside(`${paths.database}${suffix}`);
    await setAside(join(dataDir, LAST_SEEN));
  }
  if (marker !== null && anew.length > 0) {
    const channel = anew.includes('channel.key')
      ? curveKeyPairFromSecret((await readFile(paths.channelKey, 'utf8')).trim()).publicKey
      : marker.channel;
    await saveMarker(dataDir, {
      ...marker,
      channel,
      database: marker.database && !anew.includes('database'),
    });
  }
  const files = await loadCaFiles({ ...options, seed: null });
  if (files.marker !== null) return files;
  const made = markerOf(files, false);
  if (existed) options.warn?.(markerWasLost(paths.marker));
  await saveMarker(dataDir, made);
  return { ...files, marker: made };
}

/** Warns when the name constraints of an existing CA differ from the configured ones, which apply only to new issuers. */
async function warnOfLimits({ dataDir, permit = [], warn }: InitOptions): Promise<void> {
  const { issuer: path } = caPaths(dataDir);
  const pem = await readIfThere(path);
  if (pem === null) return;
  const has = nameConstraintsOf(parseCertificate(certificateIn(pem, path)));
  if (has && permitOnly(permit)?.equals(has)) return;
  warn?.(
    `UPKI_CA_PERMIT is ${permit.join(',')}, which the issuer this CA began with is not limited to: it counts when an issuer is made. ` +
      'The next one gets it with upki ca rollover issuer --permit',
  );
}
