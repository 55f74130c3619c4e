import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Settings } from '../../config/index.js';
import { commonName } from './certificate.js';
import type { RaFiles, RaNames } from './files.js';

type Named = Pick<Settings, 'raCn' | 'raUrl' | 'raSans'>;

/**
 * The RA's names: those of the settings, else those kept, else the machine's. UPKI_RA_URL alone says the name too.
 * @returns `changed`: a sentence for the operator when a kept name is given up
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

/** Decides by the settings and the names kept in the RA's folder. @param warn told when a kept name is given up */
export async function ownNames(
  settings: Named,
  files: RaFiles,
  warn: (sentence: string) => void,
): Promise<RaNames> {
  const { names, changed } = decideNames(settings, await files.names(), hostname());
  if (changed !== null) warn(changed);
  return names;
}
