import { z } from 'zod';
import {
  certificateFile,
  cn,
  dn,
  issued,
  issuedWithDn,
  page,
  pem,
  profileName,
  REVOCATION,
  sans,
  serial,
  time,
  wireSerial,
} from './fields.js';
import { task } from './task.js';

/** Tasks that issue certificates and find them. */

const MAX_DAYS = 36_500;

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

/** The result of `view`, or with `brief` without `certificate`. */
const listedCertificate = certificateDetails.partial({ certificate: true });

const brief = z.boolean().default(false);

/** The same, and how the certificate was issued. */
const foundCertificate = listedCertificate.extend({
  issued_at: time,
  order_id: z.string().optional(),
  account_id: z.string().optional(),
});

/** Limit of serials in one search. */
const MOST_SERIALS = 500;

export const certificateTasks = {
  register: task(
    'Makes a key, kept by the CA, and a certificate for a node that knows the seed.',
    z.object({ seed: z.string(), cn, profile: profileName.default('server'), sans: sans.default([]) }),
    issuedWithDn,
  ),
  generate: task(
    'Makes a key, kept by the CA, and its certificate.',
    z.object({
      cn,
      profile: profileName.default('server'),
      sans: sans.default([]),
      local: z.boolean().default(true),
    }),
    issuedWithDn,
  ),
  sign: task(
    'Certifies the key and the names of a CSR; ignores the rest of it.',
    z.object({ csr: pem, profile: profileName.default('server') }),
    issued,
  ),
  renew: task(
    'Issues a new certificate for the key, names and profile of an old one; duration in days.',
    z.object({ dn, duration: z.number().int().min(1).max(MAX_DAYS).optional() }),
    issued,
  ),
  reissue: task(
    'Issues a certificate for the key of a CSR, with the names and profile of a good certificate, which stays good. Repeating it soon returns the same one.',
    z.object({ serial: wireSerial, csr: pem }),
    issued,
  ),
  view: task('Returns what the CA knows about a certificate.', z.object({ dn }), certificateDetails),
  certificate_history: task(
    'Returns the certificates of a common name, newest first.',
    z.object({ cn, limit: z.number().int().min(1).max(100).default(100) }),
    z.array(certificateDetails).meta({ wire: 'list of `view` results' }),
  ),
  list_certificates: task(
    'Returns a page of certificates by serial; continue with `after` = `next`. With a filter, a page may be empty before the end. ' +
      'With `brief` they have no `certificate`, but `server_auth`: whether it is for TLS servers.',
    page.extend({
      state: z.enum(['good', 'revoked', 'expired']).optional(),
      cn: cn.optional(),
      expires_before: time.optional(),
      brief,
    }),
    z.object({
      certificates: z.array(listedCertificate.extend({ server_auth: z.boolean().optional() })),
      next: z.string().nullable(),
    }),
  ),
  search_certificates: task(
    'Returns a page of the certificates that meet every condition; continue with `after` = `next`; a page may be empty before the ' +
      'end. `name` is one of its names, an address, a glob or a network. `issuer` is the issuer’s common name, its DN, or its key ' +
      'identifier in hex. With `serials`, exactly those are returned and all other conditions are ignored. With `brief` they have no ' +
      '`certificate`.',
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
      brief,
    }),
    z.object({
      certificates: z
        .array(foundCertificate)
        .meta({ wire: '[`view` result with issued_at, order_id?, account_id?]' }),
      next: z.string().nullable(),
    }),
  ),
} as const;
