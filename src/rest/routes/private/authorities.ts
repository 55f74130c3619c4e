import { z } from 'zod';
import type { CaClient } from '../../../ra/ca/client.js';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const authorityInSet = z.object({
  id: z.string().describe('Part of the URLs of its CRL and certificate'),
  kind: z.enum(['root', 'issuer', 'cross']).describe('cross: the key of a root, certified by another'),
  state: z.enum(['active', 'next', 'retiring', 'retired', 'ended']),
  dn: z.string().describe('RFC 4514'),
  not_before: time,
  not_after: time,
  certificate: z.string().describe('PEM'),
  chain: z.string().describe('PEM of the certificates between it and its root'),
  root: z.string().describe('Id of the root it leads to'),
  of: z.string().optional().describe('Id of the root whose key a cross-certificate is of'),
  first: z.boolean().describe('Certificates of it may point to /ca.crl and /issuer.cer'),
  key_id: z.string().describe('Subject key identifier, hex'),
  key: z.enum(['here', 'elsewhere']).describe('Where its private key is, from the CA'),
  last_certificate_end: time.optional(),
  renew_from: time.optional().describe('What it issued is to be replaced from then on'),
  revoked: time.optional(),
  crl: z.object({ number: z.number().int(), next_update: time }).optional(),
  successor_due: time.optional(),
  warning: z.string().optional().describe('What an operator must know, a sentence'),
});

/** The roots, issuers and cross-certificates of the CA. */
export function authoritiesRoute(ca: Pick<CaClient, 'authoritiesInFull'>): Route {
  return privateRoute('GET', '/private/authority', 'auditor', {
    summary:
      'The roots, issuers and cross-certificates of the CA: until when each is good, and what comes next. They are changed on its machine (`upki ca rollover`).',
    result: z.array(authorityInSet),
    handle: () => ca.authoritiesInFull(),
  });
}
