import { DAY } from '../../lib/time.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra');

const namesAndNetworks = is.list(is.nameOrCidr, 'DNS names (with all below them), CIDRs and IP addresses');

/** Settings of the RA's issuance policy. */
export const POLICY_SETTINGS = {
  profile: setting(
    'UPKI_RA_PROFILE',
    is.text('a profile name: lower-case letters, digits, - and _', /^[a-z0-9][a-z0-9_-]{0,63}$/),
    'server',
    {
      doc: 'Profile of an ACME order that names none.',
    },
  ),
  allowedNames: setting('UPKI_RA_ALLOW', namesAndNetworks, [], {
    defaultText: 'every name',
    doc: 'The only names and addresses for which certificates may be ordered.',
  }),
  deniedNames: setting('UPKI_RA_DENY', namesAndNetworks, [], {
    doc: 'Names and addresses for which no certificate is issued, even if UPKI_RA_ALLOW has them. This includes wildcards that cover such a name and other spellings of such an address.',
  }),
  http01Names: setting('UPKI_RA_HTTP01_NAMES', namesAndNetworks, [], {
    doc: "Names whose port 80 leads to the RA, which answers their http-01 challenges itself at /.well-known/acme-challenge/. Anyone who may order such a name therefore gets it. The RA's own names and addresses are always excluded.",
  }),
  maxIdentifiers: setting('UPKI_RA_MAX_IDENTIFIERS', is.integer(1, 1000), 100, {
    doc: 'Limit of names in one order. All of them, and the CSR with them, must fit in requests of 64 KiB.',
  }),
  orderLifetime: setting('UPKI_RA_ORDER_LIFETIME', is.duration(60_000, 90 * DAY), 7 * DAY, {
    doc: 'How long a client has to complete an order.',
  }),
  authorizationLifetime: setting('UPKI_RA_AUTHORIZATION_LIFETIME', is.duration(60_000, 398 * DAY), 30 * DAY, {
    doc: 'How long a validated authorization is valid.',
  }),
  estTrustFile: optional('UPKI_RA_EST_TRUST_FILE', is.path, {
    doc: 'Root certificates (PEM) of device manufacturers. Over EST, a device with a certificate of one of them gets the certificate of its registered node, once.',
  }),
  preauthorization: setting('UPKI_RA_PREAUTHORIZATION', is.boolean, false, {
    doc: 'Offer `newAuthz` (RFC 8555 §7.4.1): names can be authorized before they are ordered.',
  }),
  challengeHold: setting('UPKI_RA_CHALLENGE_HOLD', is.duration(0, 10_000), 250, {
    doc: 'How long the RA delays its answer to a challenge until the validation has finished, so that most clients need not poll. 0ms: no delay.',
  }),
  nodePreauthorization: setting('UPKI_RA_NODE_PREAUTHORIZATION', is.boolean, true, {
    doc: 'Orders that a registered node makes with its client certificate need no challenge for the names of the node.',
  }),
  seedLifetime: setting('UPKI_RA_SEED_LIFETIME', is.duration(60_000, 90 * DAY), DAY, {
    doc: 'Validity of the one-time enrolment code (`seed`) of a registered node.',
  }),
  terms: optional('UPKI_RA_TERMS', is.pathOrWebPage, {
    formerly: ['UPKI_RA_TERMS_URL', 'UPKI_RA_TERMS_FILE'],
    doc: 'The terms of service: the URL of a page, or a file of plain text that the RA serves at /acme/terms. New accounts must then agree to them.',
  }),
  termsChanged: optional('UPKI_RA_TERMS_CHANGED', is.time, {
    doc: 'When the terms last changed: accounts that agreed before must agree again (RFC 8555 §7.3.3).',
  }),
  website: optional('UPKI_RA_WEBSITE', is.webPage, {
    doc: "URL of a page about this CA, given in the directory's `meta.website`.",
  }),
  externalAccountRequired: setting('UPKI_RA_EAB_REQUIRED', is.boolean, false, {
    doc: 'New accounts must be bound to an external account (RFC 8555 §7.3.4); needs UPKI_RA_EAB_FILE.',
  }),
  externalAccountsFile: optional('UPKI_RA_EAB_FILE', is.path, {
    doc: 'JSON object of external accounts: key id to base64url HMAC key. A key that is removed binds no more accounts; those that it bound stay until `upki account stop`, and `upki account list --key-id` lists them.',
  }),
  compromisedKeysFile: optional('UPKI_RA_COMPROMISED_KEYS_FILE', is.path, {
    doc: 'File of public keys that are never accepted, in addition to keys revoked with keyCompromise. Each line has the SHA-256 of a SubjectPublicKeyInfo in hex.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
