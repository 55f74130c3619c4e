import { DAY } from '../../lib/time.js';
import { type Setting, settingsOf } from '../setting.js';
import * as is from '../types.js';

const { optional, setting } = settingsOf('ra');

const namesAndNetworks = is.list(is.nameOrCidr, 'DNS names (with all below them), CIDRs and IP addresses');

/** Settings of the RA's issuance policy. */
export const POLICY_SETTINGS = {
  profile: setting(is.text('a profile name', /^[a-z0-9][a-z0-9_-]{0,63}$/), 'server', {
    env: 'UPKI_RA_PROFILE',
    doc: 'Profile of an ACME order that names none.',
  }),
  allowedNames: setting(namesAndNetworks, [], {
    env: 'UPKI_RA_ALLOW',
    defaultText: 'every name',
    doc: 'The only names and addresses for which certificates may be ordered.',
  }),
  deniedNames: setting(namesAndNetworks, [], {
    env: 'UPKI_RA_DENY',
    doc: 'Names and addresses for which no certificate is issued, even if UPKI_RA_ALLOW has them. This includes wildcards that cover such a name and other spellings of such an address.',
  }),
  http01Names: setting(namesAndNetworks, [], {
    env: 'UPKI_RA_HTTP01_NAMES',
    doc: "Names whose port 80 leads to the RA, which answers their http-01 challenges itself at /.well-known/acme-challenge/. Anyone who may order such a name therefore gets it. The RA's own names and addresses are always excluded.",
  }),
  maxIdentifiers: setting(is.integer(1, 1000), 100, {
    env: 'UPKI_RA_MAX_IDENTIFIERS',
    doc: 'Limit of names in one order.',
  }),
  orderLifetime: setting(is.duration(60_000, 90 * DAY), 7 * DAY, {
    env: 'UPKI_RA_ORDER_LIFETIME',
    doc: 'How long a client has to complete an order.',
  }),
  authorizationLifetime: setting(is.duration(60_000, 398 * DAY), 30 * DAY, {
    env: 'UPKI_RA_AUTHORIZATION_LIFETIME',
    doc: 'How long a validated authorization is valid.',
  }),
  estTrustFile: optional(is.path, {
    env: 'UPKI_RA_EST_TRUST_FILE',
    doc: 'Root certificates (PEM) of device manufacturers. Over EST, a device with a certificate of one of them gets the certificate of its registered node, once.',
  }),
  preauthorization: setting(is.boolean, false, {
    env: 'UPKI_RA_PREAUTHORIZATION',
    doc: 'Offer `newAuthz` (RFC 8555 §7.4.1): names can be authorized before they are ordered.',
  }),
  challengeHold: setting(is.duration(0, 10_000), 250, {
    env: 'UPKI_RA_CHALLENGE_HOLD',
    doc: 'How long the RA delays its answer to a challenge until the validation has finished, so that most clients need not poll. 0ms: no delay.',
  }),
  nodePreauthorization: setting(is.boolean, true, {
    env: 'UPKI_RA_NODE_PREAUTHORIZATION',
    doc: 'Orders that a registered node makes with its client certificate need no challenge for the names of the node.',
  }),
  seedLifetime: setting(is.duration(60_000, 90 * DAY), DAY, {
    env: 'UPKI_RA_SEED_LIFETIME',
    doc: 'Validity of the one-time enrolment code (`seed`) of a registered node.',
  }),
  terms: optional(is.pathOrWebPage, {
    env: 'UPKI_RA_TERMS',
    formerly: ['UPKI_RA_TERMS_URL', 'UPKI_RA_TERMS_FILE'],
    doc: 'The terms of service: the URL of a page, or a file of plain text that the RA serves at /acme/terms. New accounts must then agree to them.',
  }),
  termsChanged: optional(is.time, {
    env: 'UPKI_RA_TERMS_CHANGED',
    doc: 'When the terms last changed: accounts that agreed before must agree again (RFC 8555 §7.3.3).',
  }),
  website: optional(is.webPage, {
    env: 'UPKI_RA_WEBSITE',
    doc: "URL of a page about this CA, given in the directory's `meta.website`.",
  }),
  externalAccountRequired: setting(is.boolean, false, {
    env: 'UPKI_RA_EAB_REQUIRED',
    doc: 'New accounts must be bound to an external account (RFC 8555 §7.3.4); needs UPKI_RA_EAB_FILE.',
  }),
  externalAccountsFile: optional(is.path, {
    env: 'UPKI_RA_EAB_FILE',
    doc: 'JSON object of external accounts: key id to base64url HMAC key.',
  }),
  compromisedKeysFile: optional(is.path, {
    env: 'UPKI_RA_COMPROMISED_KEYS_FILE',
    doc: 'File of public keys that are never accepted, in addition to keys revoked with keyCompromise. Each line has the SHA-256 of a SubjectPublicKeyInfo in hex.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
