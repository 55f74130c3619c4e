import { z } from 'zod';
import type { Operator } from '../../../ra/operator/index.js';
import { profileName, text } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

/** Whether a name would get a certificate. */
export function checkRoute(checks: Operator['checks']): Route {
  return privateRoute('GET', '/private/check', 'operator', {
    summary:
      'Looks at a name as its validation would, now: lists, resolvers, CAA, ports and addresses, redirects, clocks, the CA and its profile.',
    query: z.strictObject({
      name: text('A DNS name, a wildcard or an IP address', 255),
      profile: profileName.optional(),
    }),
    result: z.object({
      name: z.string(),
      would_be_issued: z.boolean(),
      profile: z.string().nullable().describe('A certificate would be issued with it; null: none would be'),
      findings: z.array(
        z.object({
          step: z.enum([
            'policy',
            'resolver',
            'caa',
            'dns-01',
            'http-01',
            'tls-alpn-01',
            'clock',
            'profile',
            'ca',
          ]),
          target: z.string(),
          outcome: z.string(),
          ok: z.boolean(),
        }),
      ),
    }),
    async handle({ query }) {
      const checked = await checks.check(query.name, query.profile);
      return { ...checked, would_be_issued: checked.profile !== null };
    },
  });
}
