import { DAY } from '../../lib/time.js';
import { setting } from '../setting.js';
import * as is from '../types.js';

const count = is.integer(0, 1_000_000_000, 'a whole number, 0 for no limit');
/** The same in every limit's documentation. */
const NOTE = '0: no limit.';

/**
 * Limits that keep one client from using up everybody's share (RFC 8555 §6.6). A certificate gives back what
 * its order used.
 */
export const LIMIT_SETTINGS = {
  limitAccounts: setting(count, 500, {
    env: 'UPKI_RA_LIMIT_ACCOUNTS',
    programs: ['ra'],
    doc: `New ACME accounts of one address (of IPv6, one /64) a day that lead to no certificate. ${NOTE}`,
  }),
  limitOrders: setting(count, 2_000, {
    env: 'UPKI_RA_LIMIT_ORDERS',
    programs: ['ra'],
    doc: `Orders of one account a day that lead to no certificate. ${NOTE}`,
  }),
  limitNames: setting(count, 3_000, {
    env: 'UPKI_RA_LIMIT_NAMES',
    programs: ['ra'],
    doc: `Names in orders and pre-authorizations a day that lead to no certificate: of one account, and from one address. Set it higher when a proxy that hides its clients' addresses stands in front. ${NOTE}`,
  }),
  limitFailures: setting(count, 60, {
    env: 'UPKI_RA_LIMIT_FAILURES',
    programs: ['ra'],
    doc: `Failed validations of one name by one account an hour; its next orders of the name are then refused. ${NOTE}`,
  }),
  limitDuplicates: setting(count, 100, {
    env: 'UPKI_RA_LIMIT_DUPLICATES',
    programs: ['ra'],
    doc: `Certificates of exactly the same names a day, whichever accounts order them: a client that loops. Orders with \`replaces\` (RFC 9773 §5) do not count, here and above. ${NOTE}`,
  }),
  limitSeeds: setting(count, 100, {
    env: 'UPKI_RA_LIMIT_SEEDS',
    programs: ['ra'],
    doc: `Wrong enrolment codes (seeds) from one address an hour; \`certify\` then answers 429 to it. ${NOTE}`,
  }),
  unusedAccountLifetime: setting(is.duration(0, 3_650 * DAY), 90 * DAY, {
    env: 'UPKI_RA_UNUSED_ACCOUNT_LIFETIME',
    programs: ['ra'],
    doc: 'How long an ACME account is kept that has no certificate (any more; see UPKI_KEEP_CERTIFICATES) and no order. 0ms: for ever.',
  }),
} as const;
