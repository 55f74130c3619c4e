import type { SearchState } from '../../../model/ca-register.js';

/** An operator's search; a certificate must meet every given condition. */
export interface CertificateQuery {
  /** In any of its names: a name, an address, a glob with `*` and `?`, or a network in CIDR form. */
  name?: string;
  /** Ordered by this ACME account. */
  account?: string;
  profile?: string;
  /** Tags of the issuers, one of which must have issued it. */
  issuers?: readonly string[];
  state?: SearchState;
  /** `notAfter` before this time; the page then begins with the one that ends first. */
  expiresBefore?: number;
  /** `notAfter` at or after this time. */
  expiresAfter?: number;
  /** No later certificate that is not revoked has all its names. */
  notRenewed?: boolean;
}
