import { searchKeys } from './search-keys.js';

/** What decides whether a certificate has a successor; `identifiers` as stored. */
export interface Renewable {
  serial: string;
  notAfter: number;
  cn: string;
  identifiers: string;
}

/** Most later certificates examined as a possible successor of a certificate. */
export const MOST_LATER = 20;

/** The key by which a possible successor of a certificate is found. */
export function firstKey({ cn, identifiers }: Renewable): string {
  const [first] = JSON.parse(identifiers) as { value: string }[];
  return searchKeys({ cn: first?.value ?? cn, identifiers: [] })[0] ?? '';
}

/** Whether a later certificate that is not revoked has every name of this one. */
export function isRenewed({ identifiers }: Renewable, later: readonly string[]): boolean {
  const keys = (text: string) =>
    (JSON.parse(text) as { type: string; value: string }[]).map(
      ({ type, value }) => `${type}:${value.toLowerCase()}`,
    );
  const own = keys(identifiers);
  return later.some((each) => {
    const names = new Set(keys(each));
    return own.every((name) => names.has(name));
  });
}
