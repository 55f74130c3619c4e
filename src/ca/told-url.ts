import { z } from 'zod';
import type { CaStore } from '../store/contract/ca.js';

/** The URL at which an RA serves CRL, OCSP and issuers, as it reported. Certificates have it when UPKI_CA_PUBLIC_URL is not set. */
export interface ToldUrl {
  /** Base, http. */
  url: string;
  /** Common name of the RA that reported it. */
  ra: string;
}

const TOLD = 'told-url';
const told = z.object({ url: z.string(), ra: z.string() });

/** The URL that an RA reported; null before the first report. */
export async function toldUrl(store: Pick<CaStore, 'getSetting'>): Promise<ToldUrl | null> {
  const text = await store.getSetting(TOLD);
  return text === null ? null : told.parse(JSON.parse(text));
}

/**
 * Stores the URL that the first RA reports. Only that RA may change it, because issued certificates have the
 * URL.
 * @returns a sentence for the operator when the URL changed, or was not accepted
 */
export async function learnUrl(
  store: Pick<CaStore, 'getSetting' | 'putSetting'>,
  now: ToldUrl,
): Promise<string | null> {
  const was = await toldUrl(store);
  if (was?.url === now.url) return null;
  if (was !== null && was.ra !== now.ra) {
    return (
      `${now.ra} says that CRL and OCSP are at ${now.url}; certificates go on naming ${was.url}, as ${was.ra} told before. ` +
      'UPKI_CA_PUBLIC_URL decides it'
    );
  }
  await store.putSetting(TOLD, JSON.stringify(now));
  return was === null
    ? null
    : `the URL of CRL and OCSP in certificates was ${was.url}, is now ${now.url}, as ${now.ra} tells; earlier certificates go on naming the former`;
}
