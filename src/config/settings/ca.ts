import { DAY, HOUR } from '../../lib/time.js';
import { database } from '../database-type.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ca');

/** Settings of the CA: its keys, its names, and the URLs in its certificates. */
export const CA_SETTINGS = {
  caKeyFile: optional('UPKI_CA_KEY_FILE', is.path, {
    doc: 'Existing CA key (PEM, may be encrypted) imported when the CA is initialised.',
  }),
  caCertFile: optional('UPKI_CA_CERT_FILE', is.path, {
    doc: 'Certificate of the imported key (PEM).',
  }),
  caDatabaseUrl: optional('UPKI_CA_DATABASE_URL', database, {
    secret: true,
    defaultText: 'sqlite: with ca.db in the data directory',
    doc: 'Database of issued and revoked certificates. Several CAs with the same keys can share one in PostgreSQL (14 or newer).',
  }),
  caPassphrase: optional('UPKI_CA_PASSPHRASE', is.secret, {
    secret: true,
    doc: 'Passphrase that encrypts the CA keys at rest and decrypts an imported key.',
  }),
  caCompany: setting('UPKI_CA_COMPANY', is.text('up to 64 characters', /^[^\p{Cc}]{1,64}$/u), 'uPKI', {
    doc: 'Organisation in the names of the CA certificates.',
  }),
  caKeyType: setting('UPKI_CA_KEY_TYPE', is.choice('ec', 'rsa'), 'ec', {
    doc: 'Type of the keys made when the CA is initialised: `ec` is P-384 for the root and P-256 for the issuer, `rsa` is 4096 bits for both.',
  }),
  caRootKey: optional('UPKI_CA_ROOT_KEY', is.tokenUri, {
    secret: true,
    defaultText: 'a file, ca.key',
    doc: 'A pkcs11: URI (RFC 7512) of the token in which root keys are made, or of an existing key for the root. See docs/authority.md.',
  }),
  caIssuerKey: optional('UPKI_CA_ISSUER_KEY', is.tokenUri, {
    secret: true,
    defaultText: 'a file, issuer.key',
    doc: 'The same for the keys of issuers. Without object and id, the token makes a key for each issuer.',
  }),
  caOcspKey: optional('UPKI_CA_OCSP_KEY', is.tokenUri, {
    secret: true,
    defaultText: 'a file, ocsp.pem',
    doc: 'The same for the key that signs OCSP responses, one for all issuers.',
  }),
  caTokenPin: optional('UPKI_CA_TOKEN_PIN', is.secret, {
    secret: true,
    doc: 'PIN of tokens whose pkcs11: URI names neither pin-source nor pin-value.',
  }),
  caPermit: setting('UPKI_CA_PERMIT', is.permittedNames, [], {
    defaultText: 'every name',
    doc: 'The only names the issuer may certify, written into its certificate when the CA is initialised (name constraints, RFC 5280 §4.2.1.10). TLS programs refuse all other names, even if the issuer’s key is stolen. A DNS name also permits mailboxes on its hosts.',
  }),
  caPermitOnRoot: setting('UPKI_CA_PERMIT_ON_ROOT', is.boolean, false, {
    doc: 'Write UPKI_CA_PERMIT into the root as well, so that no issuer under it can certify other names.',
  }),
  crlValidity: setting('UPKI_CA_CRL_VALIDITY', is.durationOrDays(DAY, 365 * DAY), 7 * DAY, {
    doc: 'Validity of a CRL, which is renewed well before. A number without a unit means days.',
  }),
  ocspValidity: setting('UPKI_CA_OCSP_VALIDITY', is.duration(600_000, 7 * DAY), 12 * HOUR, {
    doc: 'Validity of an OCSP response, which is signed again after half of it. A stapled response hides a later revocation for at most this time.',
  }),
  caSucceedAt: setting('UPKI_CA_SUCCEED_AT', is.integer(10, 90, 'a percentage'), 50, {
    doc: 'After this percentage of its lifetime, an issuer is replaced by a successor.',
  }),
  caPublicUrl: optional('UPKI_CA_PUBLIC_URL', is.origin('http'), {
    defaultText:
      'http://UPKI_RA_CN:UPKI_RA_HTTP_PORT with `upki start`, else what the first RA sends when it registers',
    doc: 'Base URL of the CRL, OCSP and issuer URLs in certificates: where clients reach UPKI_RA_HTTP_PORT.',
  }),
  caAdminsByRa: setting('UPKI_CA_ADMINS_BY_RA', is.boolean, true, {
    doc: 'Whether an RA may change the list of administrators when an administrator asks it to. With false, only `upki admin` on the CA’s machine changes it.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
