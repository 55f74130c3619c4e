import { DAY } from '../../lib/time.js';
import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** How the RA proves control of names. */
export const VALIDATION_SETTINGS = {
  resolvers: optional(is.list(is.hostPort(53), 'IP addresses of DNS servers with or without port'), {
    env: 'UPKI_VA_RESOLVERS',
    programs: ['ra'],
    defaultText: "the system's",
    doc: 'DNS servers validation asks.',
  }),
  validationHttpPort: setting(is.integer(1, 65535, 'a port'), 80, {
    env: 'UPKI_VA_HTTP_PORT',
    programs: ['ra'],
    doc: 'Port dialed for http-01. RFC 8555 fixes 80; other values are for test networks.',
  }),
  validationTlsPort: setting(is.integer(1, 65535, 'a port'), 443, {
    env: 'UPKI_VA_TLS_PORT',
    programs: ['ra'],
    doc: 'Port dialed for tls-alpn-01. RFC 8737 fixes 443; other values are for test networks.',
  }),
  deniedAddresses: optional(is.list(is.cidr, 'CIDRs'), {
    env: 'UPKI_VA_DENY',
    programs: ['ra'],
    defaultText: 'link-local, multicast and unspecified addresses, and the metadata services of clouds',
    doc: 'Addresses validation never dials, also after redirects; what is given here replaces the default. Redirects never lead to loopback, link-local or metadata addresses, nor from a wider network into a narrower one, whatever is given.',
  }),
  dnsPersist: setting(is.boolean, false, {
    env: 'UPKI_RA_DNS_PERSIST',
    programs: ['ra'],
    doc: 'Offer dns-persist-01 (draft-ietf-acme-dns-persist): one TXT record that stays gives an account a name for as long as it is there. Whoever steals the key of that account then gets certificates without touching DNS; see docs/validation.md.',
  }),
  dnsPersistReuse: setting(is.duration(60_000, 10 * DAY), DAY, {
    env: 'UPKI_RA_DNS_PERSIST_REUSE',
    programs: ['ra'],
    doc: 'How long an authorization by dns-persist-01 counts at most; less where the record has a shorter TTL.',
  }),
  dnsAccount: setting(is.boolean, false, {
    env: 'UPKI_RA_DNS_ACCOUNT',
    programs: ['ra'],
    doc: 'Offer dns-account-01 (draft-ietf-acme-dns-account-label): dns-01 under a label of the account, so that several clients can prove one name.',
  }),
  caaMode: setting(is.choice('lenient', 'strict', 'off'), 'lenient', {
    env: 'UPKI_VA_CAA',
    programs: ['ra'],
    doc: 'Whether CAA records (RFC 8659) decide over issuance. `lenient` obeys those it finds and goes on where DNS gives no answer, as in networks without public DNS; `strict` wants an answer; `off` does not ask.',
  }),
  caaIdentities: setting(is.list(is.hostName, 'DNS names'), [], {
    env: 'UPKI_RA_CAA_IDENTITIES',
    programs: ['ra'],
    doc: "Names by which CAA records may allow this authority, and by which records of dns-persist-01 name it; those are the RA's own names when there is none here.",
  }),
} as const satisfies Record<string, Setting<unknown>>;
