import { database } from '../database-type.js';
import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** Where the RA listens, its names, and where it stores its data. */
export const LISTENER_SETTINGS = {
  raHost: setting(is.host, '::', {
    env: 'UPKI_RA_HOST',
    programs: ['ra'],
    doc: 'Address the RA listens on; `::` is every address, IPv4 included.',
  }),
  raPort: setting(is.port, 8000, {
    env: 'UPKI_RA_PORT',
    programs: ['ra'],
    doc: 'Port of the RA: ACME and REST.',
  }),
  raTls: setting(is.boolean, true, {
    env: 'UPKI_RA_TLS',
    programs: ['ra'],
    doc: 'Serve HTTPS. False is for a proxy in front that does TLS and needs UPKI_RA_URL; client certificates are then of no use.',
  }),
  raHttp: setting(is.boolean, true, {
    env: 'UPKI_RA_HTTP',
    programs: ['ra'],
    doc: 'Serve CRL, OCSP and issuers over plain HTTP, where clients look for them. With `upki start`, false also leaves their URLs out of certificates, unless UPKI_CA_PUBLIC_URL says where else they are.',
  }),
  raHttpPort: setting(is.port, 8001, {
    env: 'UPKI_RA_HTTP_PORT',
    programs: ['ra'],
    doc: 'Port of the plain-HTTP listener for the CRL, OCSP and the issuers, where certificates say they are.',
  }),
  raPagesPort: optional(is.port, {
    env: 'UPKI_RA_PAGES_PORT',
    programs: ['ra'],
    defaultText: 'no such listener',
    doc: 'Port of an HTTPS listener for visitors, such as 443: the pages about trust and what anybody may read over REST. It asks for no client certificate, so no browser asks its user for one. See docs/console.md.',
  }),
  raUrl: optional(is.origin('https'), {
    env: 'UPKI_RA_URL',
    programs: ['ra'],
    defaultText: 'https://UPKI_RA_CN:UPKI_RA_PORT',
    doc: 'Public base URL of the RA, such as https://pki.example.internal:8000. It says who the RA is: its common name, the port it listens on and the host of the URLs of CRL and OCSP follow from it, where they are not set themselves.',
  }),
  raCn: optional(is.hostName, {
    env: 'UPKI_RA_CN',
    programs: ['ra'],
    defaultText: "the host of UPKI_RA_URL, else the name it had before, else the machine's host name",
    doc: "Name the RA registers with: the Common Name of its certificate, and the name in the directory's URLs. A name given once is kept.",
  }),
  trustedProxies: setting(is.list(is.proxyAt, 'NAME@CIDR'), [], {
    env: 'UPKI_RA_TRUSTED_PROXIES',
    programs: ['ra'],
    doc: 'Proxies that say who their client is: each must come from the network and prove with a client certificate of this PKI that it has the common name. From all others such headers are ignored.',
  }),
  proxyHeader: setting(is.choice('Client-Cert', 'X-SSL-CLIENT-CERT'), 'Client-Cert', {
    env: 'UPKI_RA_PROXY_HEADER',
    programs: ['ra'],
    doc: "Where trusted proxies put their client's certificate: `Client-Cert` as RFC 9440 has it, or `X-SSL-CLIENT-CERT` with URL-escaped PEM and `X-SSL-CLIENT-VERIFY: SUCCESS` beside it. They must remove what clients send under these names.",
  }),
  raSans: setting(is.list(is.host, 'DNS names and IP addresses'), [], {
    env: 'UPKI_RA_SANS',
    programs: ['ra'],
    doc: "More names and addresses for the RA's certificate, beside UPKI_RA_CN, the host name and loopback. Those given once are kept until others are given. After a change the RA obtains a new certificate by itself.",
  }),
  databaseUrl: optional(database, {
    env: 'UPKI_DATABASE_URL',
    programs: ['ra'],
    secret: true,
    defaultText: 'sqlite: with acme.db in the data directory',
    doc: 'Where accounts, orders and certificates are kept. Several RAs share what is kept in PostgreSQL (14 or newer).',
  }),
  raPublicCerts: setting(is.boolean, true, {
    env: 'UPKI_RA_PUBLIC_CERTS',
    programs: ['ra'],
    doc: 'Whether anybody may list the certificates of servers (`public/certs`). Those of people and administrators are never shown there. With `false` these rows are 404.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
