import { z } from 'zod';
import type { CaClient } from '../../../ra/ca/client.js';
import { parseCrlHead } from '../../../x509/crl.js';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const seconds = (what: string) => z.number().int().describe(`${what}, in seconds`);

const authorityCertificate = z.object({
  dn: z.string().describe('RFC 4514'),
  not_before: time,
  not_after: time,
  key: z.string().describe('Type and size'),
  sha256: z.string().describe('Of the DER certificate, hex'),
});

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

/** The CA's authorities, CRL and options, for administrators. */
export function authorityRoutes(
  ca: Pick<CaClient, 'generateCrl' | 'options' | 'authoritiesInFull'>,
): Route[] {
  return [
    privateRoute({
      method: 'GET',
      role: 'auditor',
      path: '/private/authority',
      summary:
        'The roots, issuers and cross-certificates of the CA: until when each is good, and what comes next. They are changed on its machine (`upki ca rollover`).',
      result: z.array(authorityInSet),
      handle: () => ca.authoritiesInFull(),
    }),
    privateRoute({
      method: 'POST',
      role: 'operator',
      path: '/private/crl/generate',
      summary: 'Signs a new CRL now; it is served at once.',
      result: z.object({
        number: z.number().int().describe('CRL number (RFC 5280 §5.2.3)'),
        this_update: time,
        next_update: time,
        crl: z.base64().describe('DER'),
      }),
      audited: (_, { number }) => ({ number: String(number) }),
      async handle() {
        const der = Buffer.from(await ca.generateCrl());
        const { number, thisUpdate, nextUpdate } = parseCrlHead(der);
        return {
          number: Number(number ?? 0),
          this_update: thisUpdate,
          next_update: nextUpdate ?? thisUpdate,
          crl: der.toString('base64'),
        };
      },
    }),
    privateRoute({
      method: 'GET',
      role: 'auditor',
      path: '/private/options',
      summary: 'What the CA offers: its certificates, profiles, keys, kinds of names, reasons and CRL.',
      result: z.object({
        root: authorityCertificate,
        issuer: authorityCertificate,
        profiles: z.array(
          z.object({
            name: z.string(),
            description: z.string(),
            acme: z.boolean().describe('ACME clients may order it'),
            altnames: z.boolean().describe('It may have subject alternative names'),
            extended_key_usage: z.array(z.string()).describe('RFC 5280 §4.2.1.12'),
            max_validity: seconds('Longest validity'),
          }),
        ),
        keys: z
          .array(
            z.object({
              type: z.string(),
              min_bits: z.number().int().optional(),
              max_bits: z.number().int().optional(),
              curves: z.array(z.string()).optional(),
            }),
          )
          .describe('Keys it certifies'),
        san_types: z.array(z.string()),
        max_sans: z.number().int().describe('Most names in a certificate'),
        revocation_reasons: z.record(z.string(), z.number().int()).describe('RFC 5280 §5.3.1'),
        crl: z.object({
          number: z.number().int(),
          this_update: time,
          next_update: time,
          validity: seconds('From this_update to next_update'),
        }),
      }),
      handle: () => ca.options(),
    }),
  ];
}
