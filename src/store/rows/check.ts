import type { StoreKind } from '../contract/open.js';

/** The columns of a StoredCertificate, of the table `certificates` at the CA and at the RA. */
export const CHECKED_COLUMNS: Readonly<Record<StoreKind, string>> = {
  ca: 'serial, identifiers, der AS content, NULL AS fingerprint',
  ra: 'serial, identifiers, chain AS content, fingerprint',
};
