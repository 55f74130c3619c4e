import { z } from 'zod';
import { Refused } from '../../../model/refusal.js';
import type { OwnCertificates } from '../../../ra/nodes/own-certificates.js';
import { REASON_NAMES, reason, reasonCodeOf, reasonNameOf } from '../../reasons.js';
import { clientRoute, type Route } from '../../route.js';

/** Revocation of a certificate by its holder. */
export function ownRevocationRoute(ownCertificates: Pick<OwnCertificates, 'revoke'>): Route {
  return clientRoute('POST', '/client/revoke', {
    summary: 'Revokes the certificate you present; it is of no use from then on.',
    body: z.strictObject({ reason }).optional(),
    result: z.object({ serial: z.string().describe('Lower-case hex'), reason: z.enum(REASON_NAMES) }),
    audited: (_, { serial, reason: given }) => ({ serial, reason: given }),
    async handle({ caller: { certificate }, body }) {
      const code = reasonCodeOf(body?.reason ?? 'unspecified');
      const { already } = await ownCertificates.revoke(certificate.serial, code);
      if (already) throw new Refused('conflict', 'this certificate is revoked already');
      return { serial: certificate.serial, reason: reasonNameOf(code) };
    },
  });
}
