import { DAY } from '../../lib/time.js';
import { settingsOf } from '../setting.js';
import * as is from '../types.js';

const { setting } = settingsOf('ra');

const count = is.integer(0, 1_000_000_000);
/** Part of every limit's documentation. */
const NOTE = '0: no limit.';

/**
 * Rate limits for one client (RFC 8555 §6.6). When an order leads to a certificate, its share of the limit is returned.
 */
export const LIMIT_SETTINGS = {
  limitAccounts: setting('UPKI_RA_LIMIT_ACCOUNTS', count, 500, {
    doc: `New ACME accounts a day from one address (one /64 for IPv6) that lead to no certificate. ${NOTE}`,
  }),
  limitOrders: setting('UPKI_RA_LIMIT_ORDERS', count, 2_000, {
    doc: `Orders a day of one account that lead to no certificate. ${NOTE}`,
  }),
  limitNames: setting('UPKI_RA_LIMIT_NAMES', count, 3_000, {
    doc: `Names a day in orders and pre-authorizations that lead to no certificate, for one account and for one address. Raise it behind a proxy that hides its clients' addresses. ${NOTE}`,
  }),
  limitFailures: setting('UPKI_RA_LIMIT_FAILURES', count, 60, {
    doc: `Failed validations an hour of one name by one account; further orders for the name are then refused. ${NOTE}`,
  }),
  limitDuplicates: setting('UPKI_RA_LIMIT_DUPLICATES', count, 100, {
    doc: `Certificates a day with exactly the same names, over all accounts; stops a client in a loop. Orders with \`replaces\` (RFC 9773 §5) do not count, here and above. ${NOTE}`,
  }),
  limitSeeds: setting('UPKI_RA_LIMIT_SEEDS', count, 100, {
    doc: `Wrong enrolment codes (seeds) an hour from one address; \`certify\` then answers it with 429. ${NOTE}`,
  }),
  unusedAccountLifetime: setting('UPKI_RA_UNUSED_ACCOUNT_LIFETIME', is.duration(0, 3_650 * DAY), 90 * DAY, {
    doc: 'How long an ACME account without certificates (see UPKI_KEEP_CERTIFICATES) and orders is kept. 0ms: for ever.',
  }),
} as const;
