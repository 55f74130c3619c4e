import { DAY } from '../../lib/time.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra');

/** Settings for the validation of names. */
export const VALIDATION_SETTINGS = {
  resolvers: optional(
    'UPKI_VA_RESOLVERS',
    is.list(is.hostPort(53), 'IP addresses of DNS servers with or without port'),
    {
      defaultText: "the system's",
      doc: 'DNS servers for validation.',
    },
  ),
  validationHttpPort: setting('UPKI_VA_HTTP_PORT', is.integer(1, 65535, 'a port'), 80, {
    doc: 'Port for http-01. RFC 8555 requires 80; other values are for test networks.',
  }),
  validationTlsPort: setting('UPKI_VA_TLS_PORT', is.integer(1, 65535, 'a port'), 443, {
    doc: 'Port for tls-alpn-01. RFC 8737 requires 443; other values are for test networks.',
  }),
  deniedAddresses: optional('UPKI_VA_DENY', is.list(is.cidr, 'CIDRs'), {
    defaultText: 'link-local, multicast and unspecified addresses, and the metadata services of clouds',
    doc: 'Addresses to which validation never connects, even after redirects. A value replaces the default. Independently of it, redirects never lead to loopback, link-local or metadata addresses, nor from a wider network into a narrower one.',
  }),
  dnsPersist: setting('UPKI_RA_DNS_PERSIST', is.boolean, false, {
    doc: 'Offer dns-persist-01 (draft-ietf-acme-dns-persist): a permanent TXT record authorizes an account for a name as long as the record exists. A thief of the account key can then get certificates without access to DNS; see docs/validation.md.',
  }),
  dnsPersistReuse: setting('UPKI_RA_DNS_PERSIST_REUSE', is.duration(60_000, 10 * DAY), DAY, {
    doc: 'Maximum validity of an authorization by dns-persist-01; a shorter TTL of the record shortens it.',
  }),
  dnsAccount: setting('UPKI_RA_DNS_ACCOUNT', is.boolean, false, {
    doc: 'Offer dns-account-01 (draft-ietf-acme-dns-account-label): dns-01 under a label for each account, so that several clients can prove one name.',
  }),
  caaMode: setting('UPKI_VA_CAA', is.choice('lenient', 'strict', 'off'), 'lenient', {
    doc: 'Whether CAA records (RFC 8659) are checked. `lenient` obeys records and ignores DNS failures, which occur in networks without public DNS. `strict` requires an answer from DNS. `off` does not check.',
  }),
  caaIdentities: setting('UPKI_RA_CAA_IDENTITIES', is.list(is.hostName, 'DNS names'), [], {
    doc: "Names that identify this CA in CAA records and dns-persist-01 records. When empty, dns-persist-01 uses the RA's own names.",
  }),
} as const satisfies Record<string, Setting<unknown>>;
