import { database } from '../database-type.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra');

/** Settings for the RA's addresses, names and database. */
export const LISTENER_SETTINGS = {
  raHost: setting('UPKI_RA_HOST', is.host, '::', {
    doc: 'Address the RA listens on; `::` is every address, IPv4 included.',
  }),
  raPort: setting('UPKI_RA_PORT', is.port, 8000, {
    doc: 'Port of the RA: ACME and REST.',
  }),
  raTls: setting('UPKI_RA_TLS', is.boolean, true, {
    doc: 'Serve HTTPS. False is for a proxy in front that terminates TLS; it needs UPKI_RA_URL, and client certificates are then not available.',
  }),
  raHttp: setting('UPKI_RA_HTTP', is.boolean, true, {
    doc: 'Serve CRL, OCSP and issuers over plain HTTP, as clients expect. With `upki start`, false also leaves their URLs out of certificates, unless UPKI_CA_PUBLIC_URL is set.',
  }),
  raHttpPort: setting('UPKI_RA_HTTP_PORT', is.port, 8001, {
    doc: 'Port of the plain-HTTP listener for the CRL, OCSP and the issuers, which is part of their URLs in certificates.',
  }),
  raPagesPort: optional('UPKI_RA_PAGES_PORT', is.port, {
    defaultText: 'no such listener',
    doc: 'Port of an HTTPS listener for visitors, such as 443: the pages about trust and what anybody may read over REST. It asks for no client certificate, so no browser asks its user for one. See docs/console.md.',
  }),
  raUrl: optional('UPKI_RA_URL', is.origin('https'), {
    defaultText: 'https://UPKI_RA_CN:UPKI_RA_PORT',
    doc: 'Public base URL of the RA, such as https://pki.example.internal:8000. The RA’s common name, its port and the host of the CRL and OCSP URLs default to parts of this URL.',
  }),
  raCn: optional('UPKI_RA_CN', is.hostName, {
    defaultText: "the host of UPKI_RA_URL, else the name it had before, else the machine's host name",
    doc: "Name the RA registers with: the Common Name of its certificate, and the host in the directory's URLs. The RA remembers it.",
  }),
  trustedProxies: setting('UPKI_RA_TRUSTED_PROXIES', is.list(is.proxyAt, 'NAME@CIDR'), [], {
    doc: 'Trusted proxies, whose headers identify the client. A proxy must connect from the network and have a client certificate of this PKI with the common name. The RA ignores these headers from anyone else.',
  }),
  proxyHeader: setting('UPKI_RA_PROXY_HEADER', is.choice('Client-Cert', 'X-SSL-CLIENT-CERT'), 'Client-Cert', {
    doc: "Header in which trusted proxies send their client's certificate: `Client-Cert` (RFC 9440), or `X-SSL-CLIENT-CERT` with URL-escaped PEM together with `X-SSL-CLIENT-VERIFY: SUCCESS`. They must remove these headers from client requests.",
  }),
  raSans: setting('UPKI_RA_SANS', is.list(is.host, 'DNS names and IP addresses'), [], {
    doc: "More names and addresses for the RA's certificate, in addition to UPKI_RA_CN, the host name and loopback. The RA remembers them until others are set. After a change it obtains a new certificate by itself.",
  }),
  databaseUrl: optional('UPKI_DATABASE_URL', database, {
    secret: true,
    defaultText: 'sqlite: with acme.db in the data directory',
    doc: 'Database of accounts, orders and certificates. Several RAs can share one in PostgreSQL (14 or newer).',
  }),
  raWorkers: setting('UPKI_RA_WORKERS', is.integer(1, 64), 1, {
    doc: 'Processes of the RA on this machine, one for each core it may use. They share the ports. More than one needs UPKI_DATABASE_URL with PostgreSQL, because SQLite has one writer. See docs/scaling.md.',
  }),
  raPublicCerts: setting('UPKI_RA_PUBLIC_CERTS', is.boolean, true, {
    doc: 'Whether anyone may list server certificates (`public/certs`), which never includes those of people and administrators. With `false` these routes answer 404.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
