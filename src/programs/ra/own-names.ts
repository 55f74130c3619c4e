import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Settings } from '../../config/index.js';
import { commonName } from './certificate.js';
import type { RaFiles, RaNames } from './files.js';

type Named = Pick<Settings, 'raCn' | 'raUrl' | 'raSans'>;

/**
 * The RA's names: the configured ones, else the stored ones, else the machine's. The host of UPKI_RA_URL counts as configured.
 * @returns `changed`: a sentence for the operator when the stored common name changes
 */
export function decideNames(
  { raCn, raUrl, raSans }: Named,
  kept: RaNames | null,
  machine: string,
): { names: RaNames; changed: string | null } {
  const host = raUrl === null ? null : new URL(raUrl).hostname.replace(/^\[|\]$/g, '');
  const fromUrl = host !== null && isIP(host) === 0 ? host : null;
  const cn = raCn ?? fromUrl ?? kept?.cn ?? commonName({ raCn: null }, machine);
  const sans = new Set(raSans.length > 0 ? raSans : (kept?.sans ?? []));
  if (host !== null && host !== cn) sans.add(host);
  const changed =
    kept !== null && kept.cn !== cn
      ? `the name of this RA was ${kept.cn}, is now ${cn}; clients that know the former must be told`
      : null;
  return { names: { cn, sans: [...sans] }, changed };
}

/** Decides the names from the settings and the stored names. @param warn called when the stored common name changes */
export async function ownNames(
  settings: Named,
  files: RaFiles,
  warn: (sentence: string) => void,
): Promise<RaNames> {
  const { names, changed } = decideNames(settings, await files.names(), hostname());
  if (changed !== null) warn(changed);
  return names;
}
