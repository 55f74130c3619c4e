import { z } from 'zod';
import type { CaClient } from '../../../ra/ca/client.js';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const seconds = (what: string) => z.number().int().describe(`${what}, in seconds`);

const caCertificate = z.object({
  dn: z.string().describe('RFC 4514'),
  not_before: time,
  not_after: time,
  key: z.string().describe('Type and size'),
  sha256: z.string().describe('Of the DER certificate, hex'),
});

/** What the CA offers. */
export function optionsRoute(ca: Pick<CaClient, 'options'>): Route {
  return privateRoute('GET', '/private/options', 'auditor', {
    summary: 'What the CA offers: its certificates, profiles, keys, kinds of names, reasons and CRL.',
    result: z.object({
      root: caCertificate,
      issuer: caCertificate,
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
  });
}
