import { z } from 'zod';
import { ADMIN_ROLES } from '../../../model/administrators.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import { chainOf } from '../../../ra/ca/find-authority.js';
import { renewalWindow } from '../../../ra/renewal-info.js';
import { certificateJson, certificateSummary, certificateWithPem, formatQuery, time } from '../../fields.js';
import { chooseFormat, JSON_OR_CHAIN } from '../../format.js';
import { clientRoute, FileAnswer, type Route } from '../../route.js';

/** The routes by which a holder reads their certificate. */
export function ownCertificateRoutes(
  ca: Pick<CertificateAuthority, 'authorities' | 'caCertificates' | 'roleOf'>,
  clock: () => number,
): Route[] {
  return [
    clientRoute('GET', '/client/certificate', {
      summary: 'The certificate you present, with its issuing chain.',
      query: formatQuery(JSON_OR_CHAIN),
      files: [JSON_OR_CHAIN.chain],
      result: certificateWithPem.extend({
        chain: z.string().describe('PEM of the issuing chain, issuer first, root left out'),
      }),
      async handle({ caller: { certificate }, query, request, reply }) {
        const chain = await chainOf(certificate.certificate, ca);
        if (chooseFormat(JSON_OR_CHAIN, { query, request, reply }) === 'json') {
          return { ...certificateJson(certificate), chain };
        }
        return new FileAnswer(JSON_OR_CHAIN.chain, certificate.certificate + chain);
      },
    }),
    clientRoute('GET', '/client/status', {
      summary:
        'How the certificate you present stands, when to renew it, and whether it is an administrator’s.',
      result: certificateSummary.extend({
        administrator: z.boolean(),
        role: z.enum(ADMIN_ROLES).nullable().describe('Of the administrator; null: none'),
        renewal: z.object({ start: time, end: time }).describe('Renew within this time (RFC 9773 §4.2)'),
      }),
      async handle({ caller: { certificate } }) {
        const role = await ca.roleOf(certificate);
        return {
          ...certificateJson(certificate),
          administrator: role !== null,
          role,
          renewal: renewalWindow(certificate, clock()),
        };
      },
    }),
  ];
}
