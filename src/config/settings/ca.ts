import { DAY, HOUR } from '../../lib/time.js';
import { database } from '../database-type.js';
import { optional, type Setting, setting } from '../setting.js';
import * as is from '../types.js';

/** The CA: its keys, its names, what its signatures point to. */
export const CA_SETTINGS = {
  caKeyFile: optional(is.path, {
    env: 'UPKI_CA_KEY_FILE',
    programs: ['ca'],
    doc: 'Existing CA key (PEM, may be encrypted) imported when the CA is initialised.',
  }),
  caCertFile: optional(is.path, {
    env: 'UPKI_CA_CERT_FILE',
    programs: ['ca'],
    doc: 'Certificate of the imported key (PEM).',
  }),
  caDatabaseUrl: optional(database, {
    env: 'UPKI_CA_DATABASE_URL',
    programs: ['ca'],
    secret: true,
    defaultText: 'sqlite: with ca.db in the data directory',
    doc: 'Where the CA keeps what it issued and revoked. Several CAs with the same keys share what is kept in PostgreSQL (14 or newer).',
  }),
  caPassphrase: optional(is.secret, {
    env: 'UPKI_CA_PASSPHRASE',
    programs: ['ca'],
    secret: true,
    doc: 'Encrypts the CA keys at rest, and opens an imported one.',
  }),
  caCompany: setting(is.text('up to 64 characters', /^[^\p{Cc}]{1,64}$/u), 'uPKI', {
    env: 'UPKI_CA_COMPANY',
    programs: ['ca'],
    doc: 'Organisation in the names of the CA certificates.',
  }),
  caKeyType: setting(is.choice('ec', 'rsa'), 'ec', {
    env: 'UPKI_CA_KEY_TYPE',
    programs: ['ca'],
    doc: 'Keys made when the CA is initialised: `ec` is P-384 for the root and P-256 for the issuer, `rsa` is 4096 bits for both.',
  }),
  caRootKey: optional(is.tokenUri, {
    env: 'UPKI_CA_ROOT_KEY',
    programs: ['ca'],
    secret: true,
    defaultText: 'a file, ca.key',
    doc: 'A pkcs11: URI (RFC 7512): the token in which the keys of roots are made, or the key in it that the root is to have. See docs/authority.md.',
  }),
  caIssuerKey: optional(is.tokenUri, {
    env: 'UPKI_CA_ISSUER_KEY',
    programs: ['ca'],
    secret: true,
    defaultText: 'a file, issuer.key',
    doc: 'The same for the keys of issuers. Without object and id the token makes one for each issuer.',
  }),
  caOcspKey: optional(is.tokenUri, {
    env: 'UPKI_CA_OCSP_KEY',
    programs: ['ca'],
    secret: true,
    defaultText: 'a file, ocsp.pem',
    doc: 'The same for the key that signs OCSP responses, one for all issuers.',
  }),
  caTokenPin: optional(is.secret, {
    env: 'UPKI_CA_TOKEN_PIN',
    programs: ['ca'],
    secret: true,
    doc: 'PIN of tokens whose pkcs11: URI names neither pin-source nor pin-value.',
  }),
  caPermit: setting(is.permittedNames, [], {
    env: 'UPKI_CA_PERMIT',
    programs: ['ca'],
    defaultText: 'every name',
    doc: 'The only names the issuer may certify, written into its certificate when the CA is initialised (name constraints, RFC 5280 §4.2.1.10): programs refuse every other, whoever has its key. A DNS name permits the mailboxes of its hosts too.',
  }),
  caPermitOnRoot: setting(is.boolean, false, {
    env: 'UPKI_CA_PERMIT_ON_ROOT',
    programs: ['ca'],
    doc: 'Write UPKI_CA_PERMIT into the root as well: no issuer under it can ever certify another name.',
  }),
  crlValidity: setting(is.durationOrDays(DAY, 365 * DAY), 7 * DAY, {
    env: 'UPKI_CA_CRL_VALIDITY',
    programs: ['ca'],
    doc: 'How long a CRL is good for; it is renewed well before. A number without a unit is one of days.',
  }),
  ocspValidity: setting(is.duration(600_000, 7 * DAY), 12 * HOUR, {
    env: 'UPKI_CA_OCSP_VALIDITY',
    programs: ['ca'],
    doc: 'How long an OCSP response is good for; it is signed anew from half of that on. The shorter, the sooner a stapled response of a certificate that was revoked since is refused.',
  }),
  caSucceedAt: setting(is.integer(10, 90, 'a number of percent'), 50, {
    env: 'UPKI_CA_SUCCEED_AT',
    programs: ['ca'],
    doc: 'After this part of its life, in percent, an issuer gets a successor, which signs from then on.',
  }),
  caPublicUrl: optional(is.origin('http'), {
    env: 'UPKI_CA_PUBLIC_URL',
    programs: ['ca'],
    defaultText:
      'http://UPKI_RA_CN:UPKI_RA_HTTP_PORT with `upki start`, else what the first RA tells when it registers',
    doc: 'Base URL written into certificates for the CRL, OCSP and the issuer: where clients reach UPKI_RA_HTTP_PORT.',
  }),
  caAdminsByRa: setting(is.boolean, true, {
    env: 'UPKI_CA_ADMINS_BY_RA',
    programs: ['ca'],
    doc: 'Whether RAs may change the list of administrators, for the administrators who ask them to; else it is changed by `upki admin` on the machine of the CA only.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
