import { z } from 'zod';
import {
  certificateFile,
  cn,
  dn,
  done,
  issued,
  issuedWithDn,
  none,
  page,
  pem,
  profileName,
  reason,
  sans,
  serial,
  time,
  wireSerial,
} from './fields.js';
import { task } from './task.js';

/** Operations tasks about certificates, profiles and revocation. */

const REVOCATION = { revoke_reason: z.string().optional(), revoke_date: time.optional() };

const MAX_DAYS = 36_500;

/** Names the first issuer of a CA, whose certificates may point to /ca.crl. */
export const FIRST = 'first';

const issuer = z
  .string()
  .regex(/^([0-9a-f]{20}|first)$/)
  .meta({ wire: 'id of an issuer or root' });

const base64 = z.string().meta({ wire: 'base64 of DER' });
/** A request about a chain is under 1 kB. */
const MAX_OCSP_REQUEST = 16_384;

const profile = z
  .looseObject({
    keyType: z.string(),
    keyLen: z.number(),
    duration: z.number(),
    digest: z.string(),
    altnames: z.boolean(),
    subject: z.record(z.string(), z.string().optional()),
    keyUsage: z.array(z.string()),
    extendedKeyUsage: z.array(z.string()),
    certType: z.string(),
    pathLen: z.number().optional(),
    domain: z.string().optional(),
  })
  .meta({
    wire: '{keyType, keyLen, duration, digest, altnames, subject, keyUsage, extendedKeyUsage, certType, pathLen?, domain?}',
  });

const certificateDetails = z.object({
  dn: z.string(),
  cn: z.string(),
  serial,
  profile: z.string(),
  status: z.enum(['good', 'revoked', 'expired']),
  not_before: time,
  not_after: time,
  sans: z.array(z.object({ type: z.string(), value: z.string() })),
  certificate: certificateFile,
  ...REVOCATION,
});

/** What `view` gives, and how the certificate came about. */
const foundCertificate = certificateDetails.extend({
  issued_at: time,
  order_id: z.string().optional(),
  account_id: z.string().optional(),
});

/** Certificates one search names by serial. */
const MOST_SERIALS = 500;

const authority = z
  .object({ dn: z.string(), not_before: time, not_after: time, key: z.string(), sha256: z.string() })
  .meta({ wire: '{dn, not_before, not_after, key, sha256}' });

const caOptions = z.object({
  root: authority,
  issuer: authority,
  profiles: z
    .array(
      z.object({
        name: z.string(),
        description: z.string(),
        acme: z.boolean(),
        altnames: z.boolean(),
        extended_key_usage: z.array(z.string()),
        max_validity: z.number(),
      }),
    )
    .meta({ wire: '[{name, description, acme, altnames, extended_key_usage, max_validity}]' }),
  keys: z
    .array(
      z.object({
        type: z.string(),
        min_bits: z.number().optional(),
        max_bits: z.number().optional(),
        curves: z.array(z.string()).optional(),
      }),
    )
    .meta({ wire: '[{type, min_bits?, max_bits?, curves?}]' }),
  san_types: z.array(z.string()),
  max_sans: z.number(),
  revocation_reasons: z.record(z.string(), z.number()).meta({ wire: '{name: code}' }),
  crl: z
    .object({ number: z.number(), this_update: time, next_update: time, validity: z.number() })
    .meta({ wire: '{number, this_update, next_update, validity}' }),
});

export const pkiTasks = {
  ping: task('Answers; nothing is touched.', none, done),
  get_ca: task('The root certificate.', none, z.string().meta({ wire: 'PEM' })),
  get_ca_chain: task(
    'Root, and the issuing chain with the issuer first and the root left out.',
    none,
    z.object({ root: z.string(), chain: z.string() }),
  ),
  get_crl: task(
    'The current CRL of the issuer in use, or of `issuer`: an id, or `first` for the CA’s first issuer.',
    z.object({ issuer: issuer.optional() }),
    base64,
  ),
  get_crl_part: task(
    'A part of a CRL, which may be large, from `offset` on: of the one with `number` if the CA still has it, else of the ' +
      'current one; empty when its number is `unless`.',
    z.object({
      offset: z.number().int().min(0).default(0),
      number: z.number().int().optional(),
      unless: z.number().int().optional(),
      issuer: issuer.optional(),
    }),
    z.object({ number: z.number().int(), size: z.number().int(), part: base64 }),
  ),
  generate_crl: task('Signs a new CRL now.', none, base64),
  get_options: task(
    'What the CA can be asked for; max_validity and validity in seconds, sha256 of the DER in hex.',
    none,
    caOptions,
  ),
  list_profiles: task('Names of all profiles.', none, z.array(z.string())),
  get_profile: task('One profile.', z.object({ profile: profileName }), profile),
  list_acme_profiles: task(
    'Profiles an ACME client may ask for; max_validity in seconds.',
    none,
    z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        max_validity: z.number(),
        key_types: z.array(z.string()).optional(),
        challenges: z.array(z.string()).optional(),
      }),
    ),
  ),
  register: task(
    'Makes a key, kept at the CA, and a certificate for a node that knows the seed.',
    z.object({ seed: z.string(), cn, profile: profileName.default('server'), sans: sans.default([]) }),
    issuedWithDn,
  ),
  generate: task(
    'Makes a key, kept at the CA, and its certificate.',
    z.object({
      cn,
      profile: profileName.default('server'),
      sans: sans.default([]),
      local: z.boolean().default(true),
    }),
    issuedWithDn,
  ),
  sign: task(
    'Certifies the key and the names of a CSR; nothing else of it is used.',
    z.object({ csr: pem, profile: profileName.default('server') }),
    issued,
  ),
  renew: task(
    'A new certificate for the key, names and profile of an old one; duration in days.',
    z.object({ dn, duration: z.number().int().min(1).max(MAX_DAYS).optional() }),
    issued,
  ),
  reissue: task(
    'A certificate for the key of a CSR, in the names and profile of one that is good and stays so; the same again soon gives the same.',
    z.object({ serial: wireSerial, csr: pem }),
    issued,
  ),
  revoke: task('Revokes; doing it again is no error.', z.object({ dn, reason: reason.default(0) }), done),
  revoke_certificate: task(
    'Revokes a certificate that is shown, when this CA signed it: also one that its database lost, which has it from then on. ' +
      'Doing it again is no error; `already` tells.',
    z.object({ certificate: pem, reason: reason.default(0) }),
    z.object({ already: z.boolean() }),
  ),
  revoke_serial: task(
    'Revokes by serial and tells whether it already was revoked.',
    z.object({ serial: wireSerial, reason: reason.default(0) }),
    z.object({ already: z.boolean() }),
  ),
  list_compromised_keys: task(
    'Keys that certificates were revoked for with keyCompromise, as base64url SHA-256 of SubjectPublicKeyInfo, in the order they ' +
      'were learned. Go on with `after` = `next`, which is never null: what is learned later comes after it.',
    z.object({
      after: z.number().int().min(0).default(0),
      limit: z.number().int().min(1).max(1_000).default(1_000),
    }),
    z.object({ keys: z.array(z.string()), next: z.number().int() }),
  ),
  unrevoke: task('Takes a certificate off hold (certificateHold only).', z.object({ dn }), done),
  delete: task(
    'Revokes (cessationOfOperation) and leaves the certificate and its node out of listings.',
    z.object({ dn }),
    done,
  ),
  view: task('What the CA knows about a certificate.', z.object({ dn }), certificateDetails),
  ocsp_check: task(
    'Status of a certificate, given itself or its serial.',
    z
      .object({
        cert: pem.optional(),
        serial: wireSerial.optional(),
      })
      .meta({ wire: 'cert (PEM) or serial' }),
    z.object({
      status: z.enum(['good', 'revoked', 'expired', 'unknown']),
      serial,
      cn: z.string(),
      ...REVOCATION,
    }),
  ),
  certificate_history: task(
    'Certificates of a common name, newest first.',
    z.object({ cn, limit: z.number().int().min(1).max(100).default(100) }),
    z.array(certificateDetails).meta({ wire: 'list of what `view` gives' }),
  ),
  ocsp_respond: task(
    'Answers an OCSPRequest (RFC 6960) with an OCSPResponse, failures included. With times, the same response may be given ' +
      'to whoever asks the same until `next_update`; without, to nobody else.',
    z.object({ request: z.base64().min(1).max(MAX_OCSP_REQUEST).meta({ wire: 'base64 of DER' }) }),
    z.object({ response: base64, this_update: time.optional(), next_update: time.optional() }),
  ),
  list_certificates: task(
    'A page of certificates, by serial; go on with `after` = `next`. With a filter a page may be empty before the end.',
    page.extend({
      state: z.enum(['good', 'revoked', 'expired']).optional(),
      cn: cn.optional(),
      expires_before: time.optional(),
    }),
    z.object({ certificates: z.array(certificateDetails), next: z.string().nullable() }),
  ),
  get_node_secret: task(
    'A secret that all RAs of this CA have, and nobody else: RAs encrypt with it what they keep in a shared database. In clear mode it is refused.',
    none,
    z.object({ secret: z.base64().meta({ wire: 'base64 of 32 octets' }) }),
  ),
  search_certificates: task(
    'A page of the certificates that meet every condition; go on with `after` = `next`, a page may be empty before the end. `name` ' +
      'is one of its names, an address, a glob or a network; `issuer` is the issuer’s common name, its DN, or its key identifier in ' +
      'hex; with `serials` it is these, and nothing else counts.',
    z.object({
      limit: z.number().int().min(1).max(500).default(100),
      after: z.string().max(2048).optional(),
      name: z.string().min(1).max(1024).optional(),
      account: z.string().min(1).max(255).optional(),
      profile: profileName.optional(),
      issuer: z.string().min(1).max(1024).optional(),
      state: z.enum(['good', 'held', 'revoked', 'expired']).optional(),
      expires_before: time.optional(),
      expires_after: time.optional(),
      not_renewed: z.boolean().default(false),
      serials: z.array(wireSerial).max(MOST_SERIALS).optional(),
    }),
    z.object({
      certificates: z
        .array(foundCertificate)
        .meta({ wire: '[what `view` gives, with issued_at, order_id?, account_id?]' }),
      next: z.string().nullable(),
    }),
  ),
} as const;
