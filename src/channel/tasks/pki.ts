import { z } from 'zod';
import {
  dn,
  done,
  named,
  none,
  pem,
  profileName,
  REVOCATION,
  reason,
  serial,
  time,
  wireSerial,
} from './fields.js';
import { task } from './task.js';

/** Tasks for the CA itself: its profiles, CRLs and options, and revocation. */

/** In place of an issuer's id: the CA's first issuer, whose certificates may point to /ca.crl. */
export const FIRST = 'first';

const issuer = z
  .string()
  .regex(/^([0-9a-f]{20}|first)$/)
  .meta({ wire: 'id of an issuer or root' });

const base64 = z.string().meta({ wire: 'base64 of DER' });
const octets = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
/** A request for a whole chain is under 1 kB. */
const MAX_OCSP_REQUEST = 16_384;

const profile = named(
  z.looseObject({
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
  }),
);

const caCertificate = named(
  z.object({ dn: z.string(), not_before: time, not_after: time, key: z.string(), sha256: z.string() }),
);

const caOptions = z.object({
  root: caCertificate,
  issuer: caCertificate,
  profiles: z.array(
    named(
      z.object({
        name: z.string(),
        description: z.string(),
        acme: z.boolean(),
        altnames: z.boolean(),
        extended_key_usage: z.array(z.string()),
        max_validity: z.number(),
      }),
    ),
  ),
  keys: z.array(
    named(
      z.object({
        type: z.string(),
        min_bits: z.number().optional(),
        max_bits: z.number().optional(),
        curves: z.array(z.string()).optional(),
      }),
    ),
  ),
  san_types: z.array(z.string()),
  max_sans: z.number(),
  revocation_reasons: z.record(z.string(), z.number()).meta({ wire: '{name: code}' }),
  crl: named(z.object({ number: z.number(), this_update: time, next_update: time, validity: z.number() })),
});

export const pkiTasks = {
  ping: task('Answers and does nothing else.', none, done),
  get_ca: task('Returns the root certificate.', none, z.string().meta({ wire: 'PEM' })),
  get_ca_chain: task(
    'Returns the root, and the issuing chain: the issuer first, without the root.',
    none,
    z.object({ root: z.string(), chain: z.string() }),
  ),
  get_crl: task(
    'Returns the current CRL of the issuer in use, or of `issuer`: an id, or `first` for the CA’s first issuer.',
    z.object({ issuer: issuer.optional() }),
    base64,
  ),
  get_crl_part: task(
    'Returns a part of a CRL, which may be large, from `offset` on. Reads the CRL with `number` if the CA still has it, else ' +
      'the current one; empty when its number is `unless`. With `octets` the part is the second frame of the answer.',
    z.object({
      offset: z.number().int().min(0).default(0),
      number: z.number().int().optional(),
      unless: z.number().int().optional(),
      issuer: issuer.optional(),
      octets: z.boolean().default(false),
    }),
    z.object({
      number: z.number().int(),
      size: z.number().int(),
      part: z.union([base64, octets]).meta({ wire: 'base64 of DER, or DER' }),
    }),
  ),
  generate_crl: task('Signs a new CRL now.', none, base64),
  get_options: task(
    'Returns what the CA supports; max_validity and validity in seconds, sha256 of the DER in hex.',
    none,
    caOptions,
  ),
  list_profiles: task('Returns the names of all profiles.', none, z.array(z.string())),
  get_profile: task('One profile.', z.object({ profile: profileName }), profile),
  list_acme_profiles: task(
    'Returns the profiles that an ACME client may request; max_validity in seconds.',
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
  revoke: task(
    'Revokes a certificate; repeating it is not an error.',
    z.object({ dn, reason: reason.default(0) }),
    done,
  ),
  revoke_certificate: task(
    'Revokes a given certificate that this CA signed. If the database lost it, it is added again. ' +
      'Repeating it is not an error; `already` is then true.',
    z.object({ certificate: pem, reason: reason.default(0) }),
    z.object({ already: z.boolean() }),
  ),
  revoke_serial: task(
    'Revokes by serial and tells whether the certificate was already revoked.',
    z.object({ serial: wireSerial, reason: reason.default(0) }),
    z.object({ already: z.boolean() }),
  ),
  list_compromised_keys: task(
    'Returns keys of certificates revoked with keyCompromise, as base64url SHA-256 of SubjectPublicKeyInfo, in the order of ' +
      'their reports. Continue with `after` = `next`, which is never null: later reports come after it.',
    z.object({
      after: z.number().int().min(0).default(0),
      limit: z.number().int().min(1).max(1_000).default(1_000),
    }),
    z.object({ keys: z.array(z.string()), next: z.number().int() }),
  ),
  unrevoke: task('Ends the hold of a certificate (certificateHold only).', z.object({ dn }), done),
  delete: task(
    'Revokes a certificate (cessationOfOperation) and hides it and its node from listings.',
    z.object({ dn }),
    done,
  ),
  ocsp_check: task(
    'Returns the status of a certificate, given by PEM or serial.',
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
  ocsp_respond: task(
    'Answers an OCSPRequest (RFC 6960) with an OCSPResponse, failures included. A response with times may be cached and ' +
      'repeated for equal requests until `next_update`; one without times must not be.',
    z.object({ request: z.base64().min(1).max(MAX_OCSP_REQUEST).meta({ wire: 'base64 of DER' }) }),
    z.object({ response: base64, this_update: time.optional(), next_update: time.optional() }),
  ),
  get_node_secret: task(
    'Returns a secret that only the RAs of this CA have; they encrypt their secrets in a shared database with it. Refused in clear mode.',
    none,
    z.object({ secret: z.base64().meta({ wire: 'base64 of 32 octets' }) }),
  ),
} as const;
