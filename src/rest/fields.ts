import { z } from 'zod';
import { present } from '../lib/present.js';
import {
  CERTIFICATE_STATES,
  type CertificateDetails,
  type CertificateSummary,
} from '../model/ca-register.js';

/** Schemas that several routes share. */

/** RFC 3339 in JSON, milliseconds since the epoch in the program. */
export const time = z
  .codec(z.iso.datetime({ offset: true }), z.number(), {
    decode: (text) => Date.parse(text),
    encode: (at) => new Date(at).toISOString(),
  })
  .describe('RFC 3339 time');

/** A text of bounded length, so that no value is costly to check; `what` describes it for people. */
export const text = (what: string, max = 1024) => z.string().min(1).max(max).describe(what);

/** The reason of an action, for the audit log. */
export const comment = text('Why, for the audit log', 500).optional();

export const commonName = text('Common name', 255);
export const profileName = text('Profile name', 64);

/** A subject alternative name. */
export const subjectName = z.object({
  type: z.enum(['DNS', 'IP', 'EMAIL', 'URI']),
  value: text('The name', 1024),
});

export const certificateState = z.enum(CERTIFICATE_STATES);

/** One certificate in a listing. */
export const certificateSummary = z.object({
  cn: z.string(),
  dn: z.string().describe('Subject, RFC 4514'),
  serial: z.string().describe('Lower-case hex'),
  profile: z.string(),
  state: certificateState,
  not_before: time,
  not_after: time,
  sans: z.array(z.object({ type: z.string(), value: z.string() })),
  revoked_at: time.optional(),
  reason: z.string().optional().describe('RFC 5280 §5.3.1 reason'),
});

export const certificateWithPem = certificateSummary.extend({
  certificate: z.string().describe('PEM'),
});

/** The JSON members of a certificate. A schema without `certificate` leaves that member out. */
export function certificateJson(details: CertificateDetails): z.output<typeof certificateWithPem> {
  return { ...summaryJson(details), certificate: details.certificate };
}

export function summaryJson(summary: CertificateSummary): z.output<typeof certificateSummary> {
  const { cn, dn, serial, profile, state } = summary;
  return {
    ...{ cn, dn, serial, profile, state },
    not_before: summary.notBefore,
    not_after: summary.notAfter,
    sans: summary.names,
    ...present({ revoked_at: summary.revokedAt, reason: summary.reason }),
  };
}

/** `limit` and `cursor` of a listing; `cursor` is the `next` of the page before. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Most items wanted'),
  cursor: text('`next` of the page before', 255).optional(),
});

/** A page of a listing: its items and `next`. */
export const pageOf = <Items extends z.ZodRawShape>(items: Items) =>
  z.object({
    ...items,
    next: z.string().nullable().describe('`cursor` of the next page; null: this is the last'),
  });

/** `?format=`, for a file that exists in several formats. */
export const formatQuery = (formats: Record<string, string>) =>
  z.strictObject({
    format: z
      .enum(Object.keys(formats) as [string, ...string[]], {
        error: `must be one of ${Object.keys(formats).join(', ')}`,
      })
      .optional()
      .describe('Instead of `Accept`'),
  });
