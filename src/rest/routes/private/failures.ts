import { z } from 'zod';
import { present } from '../../../lib/present.js';
import type { Failure } from '../../../model/facts.js';
import type { Operator } from '../../../ra/operator/index.js';
import { pageOf, pageQuery, text, time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

export const failure = z.object({
  at: time,
  name: z.string().describe('The identifier it was about'),
  step: z.string().describe('A challenge type, `order` or `finalize`'),
  account: z.string().optional(),
  why: z.string().describe('The sentence the client was told'),
});

export function failureJson({ at, name, step, accountId, why }: Failure): z.output<typeof failure> {
  return { at, name, step, why, ...present({ account: accountId }) };
}

/** The last failures of each name. */
export function failureRoute(failures: Operator['failures']): Route {
  return privateRoute('GET', '/private/failures', 'auditor', {
    summary:
      'What came to nothing for clients, and why, newest first: the last ten of each name, for thirty days; with `name` and `account` a page may be short, go on while there is a `next`.',
    query: pageQuery.extend({
      name: text('Of this identifier alone', 255).optional(),
      account: text('Of this account alone', 64).optional(),
    }),
    result: pageOf({ failures: z.array(failure) }),
    async handle({ query: { limit, cursor, name, account } }) {
      const found = await failures.listFailures({
        after: cursor ?? null,
        limit: limit + 1,
        ...present({ name: name?.toLowerCase(), accountId: name === undefined ? account : null }),
      });
      const page = found.slice(0, limit);
      const wanted = page.filter((each) => account === undefined || each.accountId === account);
      return {
        failures: wanted.map(failureJson),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  });
}
