import { z } from 'zod';
import type { CaClient } from '../../../ra/ca/client.js';
import { parseCrlHead } from '../../../x509/crl.js';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

/** Signs a CRL when an administrator wants one now. */
export function crlRoute(ca: Pick<CaClient, 'generateCrl'>): Route {
  return privateRoute('POST', '/private/crl/generate', 'operator', {
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
  });
}
