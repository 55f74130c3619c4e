import { z } from 'zod';
import { RETRY_AFTER } from '../../../model/problem.js';
import { Refused } from '../../../model/refusal.js';
import { failedChecks, type Health } from '../../health.js';
import { publicRoute, type Route } from '../../route.js';

/** Liveness; with `?ready`, readiness. */
export function healthRoute({ checks, warnings }: Health): Route {
  return publicRoute('GET', '/public/health', {
    summary:
      'Whether the RA runs; with `ready`, whether it can do its work: the CA answers, the store can be written.',
    query: z.strictObject({
      ready: z.string().max(16).optional().describe('Present: ask for readiness'),
    }),
    result: z.object({
      status: z.enum(['healthy', 'ready']),
      warnings: z
        .array(z.string())
        .optional()
        .describe('Present when there are any: an issuer or a root of the CA ends soon'),
    }),
    async handle({ query }) {
      const told = warnings();
      const more = told.length > 0 ? { warnings: told } : {};
      if (query.ready === undefined) return { status: 'healthy' as const, ...more };
      const failed = await failedChecks(checks);
      if (failed.length === 0) return { status: 'ready' as const, ...more };
      throw new Refused('unavailable', `not ready: ${failed.join(', ')}`, { retryAfter: RETRY_AFTER });
    },
  });
}
