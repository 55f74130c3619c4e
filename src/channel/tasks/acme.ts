import { z } from 'zod';
import {
  done,
  id,
  identifiers,
  leafAndChain,
  page,
  pem,
  profileName,
  reason,
  serial,
  time,
} from './fields.js';
import { task } from './task.js';

/** ACME tasks: issuing for an order, and copies of ACME objects that an RA may store at the CA. */

const jwk = z.record(z.string().max(64), z.string().max(4096)).meta({ wire: 'public JWK' });
const status = z.string().max(32).meta({ wire: 'string' });
const contact = z.array(z.string().max(1024)).max(100);

const account = z.object({
  account_id: id,
  jwk,
  contact: contact.default([]),
  status: status.default('valid'),
  created_at: time.optional(),
});
const order = z.object({
  order_id: id,
  account_id: id,
  identifiers,
  status: status.default('pending'),
  not_before: time.optional(),
  not_after: time.optional(),
});
const authorization = z.object({
  auth_id: id,
  order_id: id,
  identifier_type: z.enum(['dns', 'ip']).meta({ wire: 'dns or ip' }),
  identifier_value: z.string().min(1).max(1024),
  status: status.default('pending'),
});

export const acmeTasks = {
  acme_issue_certificate: task(
    'Issues the certificate of an order, once. Repeating it with the same CSR returns the same certificate; another CSR is ' +
      'an error. With `identifiers`, the CSR must name exactly those.',
    z.object({
      order_id: id,
      csr: pem,
      profile: profileName.default('server'),
      account_id: id.optional(),
      identifiers: identifiers.optional(),
      not_before: time.optional(),
      not_after: time.optional(),
    }),
    leafAndChain,
  ),
  acme_get_certificate: task(
    'Returns the certificate of an order; cert_id is its serial in hex, or the id of the order.',
    z.object({ cert_id: id }),
    z.object({ certificate: z.string(), serial, order_id: z.string(), not_before: time, not_after: time }),
  ),
  acme_revoke_certificate: task(
    'Revokes a certificate; repeating it is not an error.',
    z.object({ certificate: pem, reason: reason.default(0) }),
    done,
  ),
  acme_sync_account: task('Stores a copy of an account.', account, done),
  acme_get_account: task('Returns the copy of an account.', z.object({ account_id: id }), account),
  acme_list_accounts: task('Returns copies of accounts by id, a page at a time.', page, z.array(account)),
  acme_deactivate_account: task('Marks the copy deactivated.', z.object({ account_id: id }), done),
  acme_sync_order: task('Stores a copy of an order.', order, done),
  acme_get_order: task('Returns the copy of an order.', z.object({ order_id: id }), order),
  acme_list_orders: task(
    'Returns copies of an account’s orders, a page at a time.',
    page.extend({ account_id: id }),
    z.array(order),
  ),
  acme_sync_authorization: task('Stores a copy of an authorization.', authorization, done),
  acme_get_authorization: task(
    'Returns the copy of an authorization.',
    z.object({ auth_id: id }),
    authorization,
  ),
  acme_deactivate_authorization: task('Marks the copy deactivated.', z.object({ auth_id: id }), done),
} as const;
