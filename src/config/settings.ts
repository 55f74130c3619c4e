import { optional, type Setting, setting } from './setting.js';
import * as is from './types.js';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const BOTH = ['ra', 'ca'] as const;
const RA = ['ra'] as const;
const CA = ['ca'] as const;

/**
 * Every setting of both programs. Validation, `--help` and docs/configuration.md come from this table alone.
 * Each default that somebody may want to change says in `doc` what it is for.
 */
export const SETTINGS = {
  dataDir: optional(is.path, {
    env: 'UPKI_DATA_DIR',
    programs: BOTH,
    defaultText: '~/.upki with `upki start`, ~/.upki/ra and ~/.upki/ca for one program alone',
    doc: 'Where everything is kept. With `upki start`, the programs use its folders `ra` and `ca`.',
  }),
  logLevel: setting(is.choice('trace', 'debug', 'info', 'warn', 'error', 'silent'), 'info', {
    env: 'UPKI_LOG_LEVEL',
    programs: BOTH,
    doc: 'Least severe message logged. Logs go to standard error.',
  }),
  logFormat: setting(is.choice('auto', 'pretty', 'json'), 'auto', {
    env: 'UPKI_LOG_FORMAT',
    programs: BOTH,
    doc: '`pretty` for people, `json` for collectors; `auto` is pretty on a terminal and JSON elsewhere.',
  }),

  caHost: setting(is.list(is.endpoint, 'host names or IP addresses'), [{ host: '127.0.0.1', port: null }], {
    env: 'UPKI_CA_HOST',
    programs: BOTH,
    doc: 'Address the CA listens on, and where the RA finds it. An RA may have several, each with or without a port of its own (`host:port`; registrations one above): CAs with the same keys that share a database, of which it asks whichever answers.',
  }),
  caPort: setting(is.port, 5000, {
    env: 'UPKI_CA_PORT',
    programs: BOTH,
    doc: 'Port of the CA for operations (ZeroMQ).',
  }),
  caRegistrationPort: optional(is.port, {
    env: 'UPKI_CA_REGISTRATION_PORT',
    programs: BOTH,
    defaultText: 'UPKI_CA_PORT + 1',
    doc: 'Port of the CA for registrations (ZeroMQ).',
  }),
  caSeed: optional(is.secret, {
    env: 'UPKI_CA_SEED',
    programs: BOTH,
    secret: true,
    defaultText: 'made at random when the CA is initialised',
    doc: 'Registration seed: whoever holds it can register an RA with the CA. It never crosses the network.',
  }),
  zmqMode: setting(is.choice('curve', 'clear'), 'curve', {
    env: 'UPKI_ZMQ_MODE',
    programs: BOTH,
    doc: '`curve` encrypts and authenticates both ends; `clear` is compatible with the Python programs, for migration.',
  }),
  zmqClearAny: setting(is.boolean, false, {
    env: 'UPKI_ZMQ_CLEAR_ANY',
    programs: BOTH,
    doc: 'Lets clear mode listen on an address other than loopback, beside UPKI_ZMQ_MODE=clear: both must be said. Anybody who can reach that address can then issue and revoke certificates.',
  }),
  zmqTimeout: setting(is.duration(100, 60_000), 5000, {
    env: 'UPKI_ZMQ_TIMEOUT',
    programs: RA,
    doc: 'How long the RA waits for an answer of the CA before it tells its client to come back.',
  }),

  raHost: setting(is.host, '::', {
    env: 'UPKI_RA_HOST',
    programs: RA,
    doc: 'Address the RA listens on; `::` is every address, IPv4 included.',
  }),
  raPort: setting(is.port, 8000, {
    env: 'UPKI_RA_PORT',
    programs: RA,
    doc: 'Port of the RA: ACME and REST.',
  }),
  raTls: setting(is.boolean, true, {
    env: 'UPKI_RA_TLS',
    programs: RA,
    doc: 'Serve HTTPS. False is for a proxy in front that does TLS and needs UPKI_RA_URL; client certificates are then of no use.',
  }),
  raHttp: setting(is.boolean, true, {
    env: 'UPKI_RA_HTTP',
    programs: RA,
    doc: 'Serve CRL, OCSP and issuers over plain HTTP, where clients look for them. With `upki start`, false also leaves their URLs out of certificates, unless UPKI_CA_PUBLIC_URL says where else they are.',
  }),
  raHttpPort: setting(is.port, 8001, {
    env: 'UPKI_RA_HTTP_PORT',
    programs: RA,
    doc: 'Port of the plain-HTTP listener for the CRL, OCSP and the issuers, where certificates say they are.',
  }),
  raUrl: optional(is.origin('https'), {
    env: 'UPKI_RA_URL',
    programs: RA,
    defaultText: 'https://UPKI_RA_CN:UPKI_RA_PORT',
    doc: 'Public base URL of the RA. Set it when clients reach the RA under another name or port than its own.',
  }),
  raCn: optional(is.hostName, {
    env: 'UPKI_RA_CN',
    programs: RA,
    defaultText: "the machine's host name",
    doc: "Name the RA registers with: the Common Name of its certificate, and the name in the directory's URLs.",
  }),
  trustedProxies: setting(is.list(is.proxyAt, 'NAME@CIDR'), [], {
    env: 'UPKI_RA_TRUSTED_PROXIES',
    programs: RA,
    doc: 'Proxies that say who their client is: each must come from the network and prove with a client certificate of this PKI that it has the common name. From all others such headers are ignored.',
  }),
  proxyHeader: setting(is.choice('Client-Cert', 'X-SSL-CLIENT-CERT'), 'Client-Cert', {
    env: 'UPKI_RA_PROXY_HEADER',
    programs: RA,
    doc: "Where trusted proxies put their client's certificate: `Client-Cert` as RFC 9440 has it, or `X-SSL-CLIENT-CERT` with URL-escaped PEM and `X-SSL-CLIENT-VERIFY: SUCCESS` beside it. They must remove what clients send under these names.",
  }),
  raSans: setting(is.list(is.host, 'DNS names and IP addresses'), [], {
    env: 'UPKI_RA_SANS',
    programs: RA,
    doc: "More names and addresses for the RA's certificate, beside UPKI_RA_CN, the host name and loopback. After a change the RA obtains a new certificate by itself.",
  }),
  databaseUrl: optional(is.database, {
    env: 'UPKI_DATABASE_URL',
    programs: RA,
    secret: true,
    defaultText: 'sqlite: with acme.db in the data directory',
    doc: 'Where accounts, orders and certificates are kept. Several RAs share what is kept in PostgreSQL (14 or newer).',
  }),

  profile: setting(is.text('a profile name', /^[a-z0-9][a-z0-9_-]{0,63}$/), 'server', {
    env: 'UPKI_RA_PROFILE',
    programs: RA,
    doc: 'Profile of an ACME order that names none.',
  }),
  allowedNames: setting(
    is.list(is.nameOrCidr, 'DNS names (with all below them), CIDRs and IP addresses'),
    [],
    {
      env: 'UPKI_RA_ALLOW',
      programs: RA,
      defaultText: 'every name',
      doc: 'The only names and addresses certificates may be ordered for.',
    },
  ),
  deniedNames: setting(
    is.list(is.nameOrCidr, 'DNS names (with all below them), CIDRs and IP addresses'),
    [],
    {
      env: 'UPKI_RA_DENY',
      programs: RA,
      doc: 'Names and addresses no certificate is issued for, even when allowed.',
    },
  ),
  maxIdentifiers: setting(is.integer(1, 1000), 100, {
    env: 'UPKI_RA_MAX_IDENTIFIERS',
    programs: RA,
    doc: 'Most names in one order.',
  }),
  orderLifetime: setting(is.duration(60_000, 90 * DAY), 7 * DAY, {
    env: 'UPKI_RA_ORDER_LIFETIME',
    programs: RA,
    doc: 'How long a client has to complete an order.',
  }),
  authorizationLifetime: setting(is.duration(60_000, 398 * DAY), 30 * DAY, {
    env: 'UPKI_RA_AUTHORIZATION_LIFETIME',
    programs: RA,
    doc: 'How long a validated authorization counts.',
  }),
  preauthorization: setting(is.boolean, false, {
    env: 'UPKI_RA_PREAUTHORIZATION',
    programs: RA,
    doc: 'Offer `newAuthz` (RFC 8555 §7.4.1); names authorized so need no challenge in later orders.',
  }),
  challengeHold: setting(is.duration(0, 10_000), 250, {
    env: 'UPKI_RA_CHALLENGE_HOLD',
    programs: RA,
    doc: 'How long the answer to a challenge is held back for its outcome: long enough for a validation on a local network, so that most clients need not poll. 0ms never waits.',
  }),
  nodePreauthorization: setting(is.boolean, true, {
    env: 'UPKI_RA_NODE_PREAUTHORIZATION',
    programs: RA,
    doc: 'The names of a registered node need no challenge in orders it makes with its client certificate.',
  }),
  seedLifetime: setting(is.duration(60_000, 90 * DAY), DAY, {
    env: 'UPKI_RA_SEED_LIFETIME',
    programs: RA,
    doc: 'How long the one-time seed of a registered node can be used.',
  }),
  certifyWithSeed: setting(is.boolean, false, {
    env: 'UPKI_RA_CERTIFY_WITH_SEED',
    programs: RA,
    doc: 'Lets `certify` take the registration seed (UPKI_CA_SEED) too: whoever holds it gets certificates for every allowed name, as often as asked for.',
  }),
  termsUrl: optional(is.webPage, {
    env: 'UPKI_RA_TERMS_URL',
    programs: RA,
    defaultText: "the RA's own /acme/terms",
    doc: 'Page with the terms of service.',
  }),
  termsTextFile: optional(is.path, {
    env: 'UPKI_RA_TERMS_FILE',
    programs: RA,
    doc: "Plain text served as the RA's own /acme/terms.",
  }),
  termsRequired: setting(is.boolean, true, {
    env: 'UPKI_RA_TERMS_REQUIRED',
    programs: RA,
    doc: 'New accounts must agree to the terms of service.',
  }),
  termsChanged: optional(is.time, {
    env: 'UPKI_RA_TERMS_CHANGED',
    programs: RA,
    doc: 'When the terms last changed: accounts that agreed before must agree again (RFC 8555 §7.3.3).',
  }),
  website: optional(is.webPage, {
    env: 'UPKI_RA_WEBSITE',
    programs: RA,
    doc: "Page about this authority, shown in the directory's `meta.website`.",
  }),
  externalAccountRequired: setting(is.boolean, false, {
    env: 'UPKI_RA_EAB_REQUIRED',
    programs: RA,
    doc: 'New accounts must be bound to an external account (RFC 8555 §7.3.4); needs UPKI_RA_EAB_FILE.',
  }),
  externalAccountsFile: optional(is.path, {
    env: 'UPKI_RA_EAB_FILE',
    programs: RA,
    doc: 'JSON object of external accounts: key id to base64url HMAC key.',
  }),
  compromisedKeysFile: optional(is.path, {
    env: 'UPKI_RA_COMPROMISED_KEYS_FILE',
    programs: RA,
    doc: 'Public keys never accepted: one SHA-256 of a SubjectPublicKeyInfo a line, in hex.',
  }),

  resolvers: optional(is.list(is.hostPort(53), 'IP addresses of DNS servers with or without port'), {
    env: 'UPKI_VA_RESOLVERS',
    programs: RA,
    defaultText: "the system's",
    doc: 'DNS servers validation asks.',
  }),
  validationHttpPort: setting(is.integer(1, 65535, 'a port'), 80, {
    env: 'UPKI_VA_HTTP_PORT',
    programs: RA,
    doc: 'Port dialed for http-01. RFC 8555 fixes 80; other values are for test networks.',
  }),
  validationTlsPort: setting(is.integer(1, 65535, 'a port'), 443, {
    env: 'UPKI_VA_TLS_PORT',
    programs: RA,
    doc: 'Port dialed for tls-alpn-01. RFC 8737 fixes 443; other values are for test networks.',
  }),
  deniedAddresses: optional(is.list(is.cidr, 'CIDRs'), {
    env: 'UPKI_VA_DENY',
    programs: RA,
    defaultText: 'link-local, multicast and unspecified addresses, and the metadata services of clouds',
    doc: 'Addresses validation never dials, also after redirects; what is given here replaces the default.',
  }),
  caaMode: setting(is.choice('lenient', 'strict', 'off'), 'lenient', {
    env: 'UPKI_VA_CAA',
    programs: RA,
    doc: 'Whether CAA records (RFC 8659) decide over issuance. `lenient` obeys those it finds and goes on where DNS gives no answer, as in networks without public DNS; `strict` wants an answer; `off` does not ask.',
  }),
  caaIdentities: setting(is.list(is.hostName, 'DNS names'), [], {
    env: 'UPKI_RA_CAA_IDENTITIES',
    programs: RA,
    doc: 'Names by which CAA records may allow this authority.',
  }),

  caKeyFile: optional(is.path, {
    env: 'UPKI_CA_KEY_FILE',
    programs: CA,
    doc: 'Existing CA key (PEM, may be encrypted) imported when the CA is initialised.',
  }),
  caCertFile: optional(is.path, {
    env: 'UPKI_CA_CERT_FILE',
    programs: CA,
    doc: 'Certificate of the imported key (PEM).',
  }),
  caDatabaseUrl: optional(is.database, {
    env: 'UPKI_CA_DATABASE_URL',
    programs: CA,
    secret: true,
    defaultText: 'sqlite: with ca.db in the data directory',
    doc: 'Where the CA keeps what it issued and revoked. Several CAs with the same keys share what is kept in PostgreSQL (14 or newer).',
  }),
  caPassphrase: optional(is.secret, {
    env: 'UPKI_CA_PASSPHRASE',
    programs: CA,
    secret: true,
    doc: 'Encrypts the CA keys at rest, and opens an imported one.',
  }),
  caCompany: setting(is.text('up to 64 characters', /^[^\p{Cc}]{1,64}$/u), 'uPKI', {
    env: 'UPKI_CA_COMPANY',
    programs: CA,
    doc: 'Organisation in the names of the CA certificates.',
  }),
  caKeyType: setting(is.choice('ec', 'rsa'), 'ec', {
    env: 'UPKI_CA_KEY_TYPE',
    programs: CA,
    doc: 'Keys made when the CA is initialised: `ec` is P-384 for the root and P-256 for the issuer, `rsa` is 4096 bits for both.',
  }),
  crlValidity: setting(is.integer(1, 365, 'a number of days'), 7, {
    env: 'UPKI_CA_CRL_VALIDITY',
    programs: CA,
    doc: 'Days a CRL is good for; it is renewed well before.',
  }),
  ocspValidity: setting(is.duration(600_000, 7 * DAY), 12 * HOUR, {
    env: 'UPKI_CA_OCSP_VALIDITY',
    programs: CA,
    doc: 'How long an OCSP response is good for; it is signed anew from half of that on. The shorter, the sooner a stapled response of a certificate that was revoked since is refused.',
  }),
  caPublicUrl: optional(is.origin('http'), {
    env: 'UPKI_CA_PUBLIC_URL',
    programs: CA,
    defaultText: 'http://UPKI_RA_CN:UPKI_RA_HTTP_PORT with `upki start`, else none',
    doc: 'Base URL written into certificates for the CRL, OCSP and the issuer: where clients reach UPKI_RA_HTTP_PORT.',
  }),
} as const satisfies Record<string, Setting<unknown>>;

type Value<S> = S extends Setting<infer T> ? T : never;

export type SettingName = keyof typeof SETTINGS;

/** The settings' values by name. */
export type Settings = { -readonly [Name in SettingName]: Value<(typeof SETTINGS)[Name]> };

export const SETTING_LIST = Object.entries(SETTINGS) as [SettingName, Setting<unknown>][];
