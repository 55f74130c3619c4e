import { z } from 'zod';
import { named, none, time } from './fields.js';
import { task } from './task.js';

/** Operations tasks about the CA's roots and issuers. */

const pem = z.string().meta({ wire: 'PEM' });

const authority = named(
  z.object({
    id: z.string(),
    kind: z.enum(['root', 'issuer', 'cross']),
    state: z.enum(['active', 'next', 'retiring', 'retired', 'ended']),
    dn: z.string(),
    not_before: time,
    not_after: time,
    certificate: pem,
    chain: pem,
    root: z.string(),
    of: z.string().optional(),
    first: z.boolean(),
    key_id: z.string(),
    key: z.enum(['here', 'elsewhere']),
    last_certificate_end: time.optional(),
    renew_from: time.optional(),
    revoked: time.optional(),
    crl: z.object({ number: z.number(), next_update: time }).optional(),
    successor_due: time.optional(),
    warning: z.string().optional(),
  }),
);

export const authorityTasks = {
  get_health: task(
    'Returns the time of the CA and its problems, in sentences for operators.',
    none,
    z.object({ time, troubles: z.array(z.string()) }),
  ),
  get_authorities: task(
    'Returns the roots, issuers and cross-certificates of this CA. `first`: certificates of this issuer may point to /ca.crl. ' +
      '`renew_from`: when certificates that it signed should be renewed.',
    none,
    z.object({ authorities: z.array(authority).meta({ wire: '[authority]' }) }),
  ),
} as const;
