import { z } from 'zod';
import { parseSerial } from '../../../channel/serial.js';
import { present } from '../../../lib/present.js';
import { type FoundCertificate, SEARCH_STATES, searchStateOf } from '../../../model/ca-register.js';
import { Refused } from '../../../model/refusal.js';
import type { Done, Reference } from '../../../ra/operator/certificates.js';
import type { Operator } from '../../../ra/operator/index.js';
import { firstFromPem } from '../../../x509/pem.js';
import { certificateSummary, comment, pageOf, pageQuery, summaryJson, text, time } from '../../fields.js';
import { chooseFormat } from '../../format.js';
import { reason, reasonCodeOf, reasonNameOf } from '../../reasons.js';
import { FileAnswer, privateRoute, type Route } from '../../route.js';

const DAY = 86_400_000;

const found = certificateSummary.extend({
  state: z.enum(SEARCH_STATES).describe('`held`: on certificateHold, from which it may come back'),
  issued_at: time,
  order: z.string().optional().describe('ACME order'),
  account: z.string().optional().describe('ACME account that ordered it'),
});

function foundJson(certificate: FoundCertificate): z.output<typeof found> {
  return {
    ...summaryJson(certificate),
    state: searchStateOf(certificate),
    issued_at: certificate.issuedAt,
    ...present({ order: certificate.orderId, account: certificate.accountId }),
  };
}

const period = z
  .string()
  .regex(/^\d{1,5}[hdw]$/, 'must be a number and h, d or w, as in 14d')
  .transform(
    (written) => Number.parseInt(written, 10) * { h: DAY / 24, d: DAY, w: 7 * DAY }[written.slice(-1) as 'h'],
  );

const search = pageQuery.extend({
  cursor: text('`next` of the page before', 2048).optional(),
  name: text(
    'In any of its names: a name, an address, a glob with `*` and `?`, or a network (CIDR)',
  ).optional(),
  serial: text('Serial, in hex or decimal', 64).optional(),
  account: text('Id of the ACME account that ordered it', 255).optional(),
  node: text('Name of the node it belongs to', 255).optional(),
  profile: text('Profile name', 64).optional(),
  issuer: text('Common name or DN of the issuer, or its key identifier in hex').optional(),
  state: z.enum(SEARCH_STATES).optional(),
  expires_in: period.optional().describe('It ends within this time from now: `14d`; also h and w'),
  expires_before: time.optional(),
  expires_after: time.optional(),
  not_renewed: z
    .stringbool()
    .default(false)
    .describe('No later certificate that is not revoked has all its names'),
});

const reference = z
  .strictObject({
    serial: text('Serial, in hex or decimal', 64).optional(),
    name: text('One of its names').optional(),
    all: z.boolean().default(false).describe('Every good certificate of the name, if there are several'),
    dry_run: z.boolean().default(false).describe('Tell what would be done, and do nothing'),
    comment,
  })
  .describe('Either `serial` or `name`');

const outcome = z.object({
  dry_run: z.boolean(),
  certificates: z.array(found.extend({ outcome: z.enum(['done', 'already', 'planned']) })),
});

function meant({ serial, name, all }: z.output<typeof reference>): Reference {
  if (serial === undefined && name !== undefined) return { name, all };
  if (serial === undefined || name !== undefined) {
    throw new Refused('invalidRequest', 'name a certificate by either serial or name', { field: 'serial' });
  }
  const parsed = parseSerial(serial);
  if (parsed === null) throw new Refused('invalidRequest', 'is not a serial number', { field: 'serial' });
  return { serial: parsed };
}

const outcomeJson = (plan: boolean, done: Done[]): z.output<typeof outcome> => ({
  dry_run: plan,
  certificates: done.map(({ certificate, outcome: each }) => ({ ...foundJson(certificate), outcome: each })),
});

const audited = (
  body: Pick<z.output<typeof reference>, 'comment'>,
  result: z.output<typeof outcome>,
): Record<string, string> => ({
  ...(result.dry_run && { dry_run: 'true' }),
  serials: result.certificates
    .filter((each) => each.outcome === 'done')
    .map(({ serial }) => serial)
    .join(' '),
  ...present({ comment: body.comment }),
});

const FORMATS = {
  pem: 'application/x-pem-file',
  chain: 'application/pem-certificate-chain',
  der: 'application/pkix-cert',
};

/** Searching certificates and acting on them, for operators. */
export function operatorCertificateRoutes(
  certificates: Operator['certificates'],
  clock: () => number,
): Route[] {
  const byReference = z.strictObject({ reference: text('Serial in hex or decimal, or a name', 255) });
  const show = (asked: string) => certificates.show(asked, parseSerial(asked));
  return [
    privateRoute('GET', '/private/certificates', 'auditor', {
      summary:
        'Certificates that meet every condition, a page at a time; a page may be short, go on while there is a `next`.',
      query: search,
      result: pageOf({ certificates: z.array(found) }),
      async handle({ query }) {
        const { name, account, node, profile, issuer, state, limit, cursor } = query;
        const serial = query.serial === undefined ? undefined : parseSerial(query.serial);
        if (serial === null) return { certificates: [], next: null };
        const ends = [query.expires_before, query.expires_in && clock() + query.expires_in].filter(
          (each) => each !== undefined,
        );
        // `expires_in` leaves out certificates that have expired already.
        const starts = query.expires_after ?? (query.expires_in === undefined ? undefined : clock());
        const page = await certificates.search({
          after: cursor ?? null,
          limit,
          ...present({ serial, name, account, node, profile, issuer, state, expiresAfter: starts }),
          ...(ends.length > 0 && { expiresBefore: Math.min(...ends) }),
          ...(query.not_renewed && { notRenewed: true }),
        });
        return { certificates: page.certificates.map(foundJson), next: page.next };
      },
    }),
    privateRoute('GET', '/private/certificates/{reference}', 'auditor', {
      summary: 'Everything known of one certificate: by its serial, or the newest good one of a name.',
      params: byReference,
      result: found.extend({
        chain: z.string().describe('PEM, leaf first, root left out'),
        node: z.string().optional().describe('Name of the node it belongs to'),
        proofs: z
          .array(
            z.object({
              name: z.string(),
              by: z.string().describe('A challenge type, or `node`'),
              at: time.nullable(),
            }),
          )
          .describe('How each name was proven; empty when no ACME order stands behind it any more'),
        origin: z
          .string()
          .optional()
          .describe('Why it was given, where neither an order nor a node has it: a renewal'),
        replaced_by: z.string().optional().describe('Serial of the one ordered to replace it (RFC 9773 §5)'),
        history: z.array(found).describe('Others of its first name, the one that ends last first'),
      }),
      async handle({ path }) {
        const { certificate, chain, node, proofs, origin, replacedBy, history } = await show(path.reference);
        return {
          ...foundJson(certificate),
          ...{ chain, proofs, history: history.map(foundJson) },
          ...present({ node, origin, replaced_by: replacedBy }),
        };
      },
    }),
    privateRoute('GET', '/private/certificates/{reference}/export', 'auditor', {
      summary: 'The certificate as a file: `pem`, with its issuers as `chain`, or `der`.',
      params: byReference,
      query: z.strictObject({
        format: z.enum(['pem', 'chain', 'der']).optional().describe('Instead of `Accept`'),
      }),
      files: Object.values(FORMATS),
      result: z.object({ certificate: z.string().describe('PEM') }),
      async handle({ path, query, request, reply }) {
        const { pem, chain } = await show(path.reference);
        if (pem === '')
          throw new Refused('notFound', 'of this certificate only the serial is known', {
            field: 'reference',
          });
        const format = chooseFormat(FORMATS, { query, request, reply });
        const der = firstFromPem('CERTIFICATE', pem);
        const content = { pem, chain, der: Buffer.from(der) }[format];
        return new FileAnswer(FORMATS[format], content);
      },
    }),
    privateRoute('POST', '/private/certificates/actions/revoke', 'operator', {
      summary: 'Revokes a certificate, or those of a name: OCSP, CRL and renewal information say so at once.',
      body: reference.extend({ reason }),
      result: outcome.extend({ reason: z.string() }),
      audited: (body, result) => ({ ...audited(body, result), reason: result.reason }),
      async handle({ body }) {
        const code = reasonCodeOf(body.reason);
        const done = await certificates.revoke(meant(body), code, body.dry_run);
        return { ...outcomeJson(body.dry_run, done), reason: reasonNameOf(code) };
      },
    }),
    privateRoute('POST', '/private/certificates/actions/hold', 'operator', {
      summary: 'Puts a certificate, or those of a name, on certificateHold.',
      body: reference,
      result: outcome,
      audited,
      handle: async ({ body }) =>
        outcomeJson(body.dry_run, await certificates.hold(meant(body), body.dry_run)),
    }),
    privateRoute('POST', '/private/certificates/actions/unhold', 'operator', {
      summary: 'Takes a certificate, or those of a name, off certificateHold.',
      body: reference,
      result: outcome,
      audited,
      handle: async ({ body }) =>
        outcomeJson(body.dry_run, await certificates.endHold(meant(body), body.dry_run)),
    }),
  ];
}
