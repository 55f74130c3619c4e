import { z } from 'zod';
import { errorMessage } from '../../../lib/error-message.js';
import { Refused } from '../../../model/refusal.js';
import { privateRoute, type Route } from '../../route.js';

/** @param reload applies the current rules; when it rejects, the old rules stay in force, and its message names the fault */
export function reloadRoute(reload: () => Promise<void>): Route {
  return privateRoute('POST', '/private/reload', 'admin', {
    summary:
      'Reads the rules anew, at every RA of the database: lists of names, limits, resolvers, external accounts, compromised keys, terms. A wrong one keeps the old ones.',
    result: z.object({ reloaded: z.literal(true) }),
    async handle() {
      try {
        await reload();
      } catch (error) {
        const why = errorMessage(error);
        throw new Refused('unprocessable', `the old rules are kept: ${why}`);
      }
      return { reloaded: true as const };
    },
  });
}
