import { z } from 'zod';
import { RestError } from '../../../http/rest-error.js';
import type { HolderService } from '../../../ra/nodes/holders.js';
import { REVOCATION_REASON } from '../../../x509/crl.js';
import { clientRoute, type Route } from '../../route.js';

/** A hold is an administrator's: it can be ended. removeFromCRL ends one and is no reason to revoke; 7 does not exist (RFC 5280 §5.3.1). */
const { removeFromCRL: _, certificateHold: __, ...REASONS } = REVOCATION_REASON;
type Reason = keyof typeof REASONS;

const NAMES = Object.keys(REASONS) as [Reason, ...Reason[]];
const nameOf = (code: number) => NAMES.find((name) => REASONS[name] === code) ?? 'unspecified';

const reason = z
  .union([z.enum(NAMES), z.literal(Object.values(REASONS))], {
    error: `must be one of ${NAMES.map((name) => `${name} (${REASONS[name]})`).join(', ')}`,
  })
  .default('unspecified')
  .describe('RFC 5280 §5.3.1, by name or by number');

/** The end of a certificate, by its holder. */
export function ownRevocationRoute(holders: Pick<HolderService, 'revoke'>): Route {
  return clientRoute({
    method: 'POST',
    path: '/client/revoke',
    summary: 'Revokes the certificate you present; it is of no use from then on.',
    body: z.strictObject({ reason }).optional(),
    result: z.object({ serial: z.string().describe('Lower-case hex'), reason: z.enum(NAMES) }),
    audited: (_, { serial, reason: given }) => ({ serial, reason: given }),
    async handle({ caller: { certificate }, body }) {
      const given = body?.reason ?? 'unspecified';
      const code = typeof given === 'number' ? given : REASONS[given];
      const { already } = await holders.revoke(certificate.serial, code);
      if (already) throw new RestError('conflict', 'this certificate is revoked already');
      return { serial: certificate.serial, reason: nameOf(code) };
    },
  });
}
