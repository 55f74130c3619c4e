import { z } from 'zod';
import { present } from '../../../lib/present.js';
import { accountStatus } from '../../../model/status.js';
import { MOST_COUNTED, type ShownAccount } from '../../../ra/operator/accounts.js';
import type { Operator } from '../../../ra/operator/index.js';
import { comment, pageOf, pageQuery, text, time } from '../../fields.js';
import { reason, reasonCodeOf, reasonNameOf } from '../../reasons.js';
import { privateRoute, type Route } from '../../route.js';
import { failure, failureJson } from './failures.js';

const STATUSES = ['valid', 'deactivated', 'revoked'] as const;

const account = z.object({
  id: z.string(),
  status: z.enum(STATUSES).describe('RFC 8555 §7.1.2; `revoked`: an operator stopped it'),
  contact: z.array(z.string()),
  created_at: time,
  key: z.string().describe('RFC 7638 thumbprint'),
  key_id: z.string().optional().describe('`kid` of its external account binding'),
  node: z.string().optional().describe('Name of the node it is bound to'),
  used_at: time.optional().describe('Its last signed request, known to within a minute'),
  used_from: z.string().optional().describe('Address that request came from'),
});

function accountJson({ account: each, usedAt, usedFrom, node }: ShownAccount): z.output<typeof account> {
  return {
    id: each.id,
    status: accountStatus(each),
    contact: each.contact,
    created_at: each.createdAt,
    key: each.thumbprint,
    ...present({ key_id: each.externalAccount?.kid, node, used_at: usedAt, used_from: usedFrom }),
  };
}

const byId = z.strictObject({ id: text('Id of the account: the end of its URL', 64) });

/** ACME accounts, as operators see them. */
export function operatorAccountRoutes(accounts: Operator['accounts']): Route[] {
  return [
    privateRoute('GET', '/private/accounts', 'auditor', {
      summary:
        'ACME accounts, newest first, a page at a time; with a condition a page may be short, go on while there is a `next`.',
      query: pageQuery.extend({
        status: z.enum(STATUSES).optional(),
        contact: text('Part of a contact').optional(),
        key_id: text('`kid` of its external account binding', 255).optional(),
        node: text('Name of the node it is bound to', 255).optional(),
      }),
      result: pageOf({ accounts: z.array(account) }),
      async handle({ query: { limit, cursor, status, contact, key_id: keyId, node } }) {
        const page = await accounts.list({
          after: cursor ?? null,
          limit,
          ...present({ status, contact, keyId, node }),
        });
        return { accounts: page.accounts.map(accountJson), next: page.next };
      },
    }),
    privateRoute('GET', '/private/accounts/{id}', 'auditor', {
      summary: 'One account with its latest orders and failures.',
      params: byId,
      result: account.extend({
        terms_agreed_at: time.optional(),
        orders: z.number().int().describe(`Orders kept; ${MOST_COUNTED} stands for that many or more`),
        latest_orders: z.array(z.string()).describe('Ids, newest first'),
        failures: z.array(failure).describe('The latest'),
      }),
      async handle({ path }) {
        const story = await accounts.show(path.id);
        return {
          ...accountJson(story),
          ...present({ terms_agreed_at: story.account.termsAgreedAt }),
          orders: story.orders,
          latest_orders: story.latestOrders,
          failures: story.failures.map(failureJson),
        };
      },
    }),
    privateRoute('POST', '/private/accounts/{id}/stop', 'operator', {
      summary:
        'Ends an account (status `revoked`): its next request is refused. Repeated, it completes what failed.',
      params: byId,
      body: z
        .strictObject({
          revoke_certificates: z
            .boolean()
            .default(false)
            .describe('Also revoke every certificate it ordered'),
          reason,
          comment,
        })
        .prefault({}),
      result: z.object({
        id: z.string(),
        status: z.enum(STATUSES),
        revoked: z.array(z.string()).describe('Serials that were good until now, lower-case hex'),
      }),
      audited: (body, { revoked }) => ({
        revoked: revoked.join(' '),
        reason: reasonNameOf(reasonCodeOf(body.reason)),
        ...present({ comment: body.comment }),
      }),
      async handle({ path, body }) {
        const code = reasonCodeOf(body.reason);
        const stopped = await accounts.stop(path.id, body.revoke_certificates, code);
        return { id: path.id, status: accountStatus(stopped.account), revoked: stopped.revoked };
      },
    }),
  ];
}
