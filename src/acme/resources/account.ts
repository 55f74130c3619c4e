import type { FastifyInstance, FastifyReply } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import { addressOf } from '../../http/peer.js';
import type { Account } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { accountStatus } from '../../model/status.js';
import type { AcmeContext } from '../context.js';
import { verifyExternalAccount } from '../external-account.js';
import { requireGoodKey } from '../jose/good-key.js';
import type { JsonObject } from '../jose/json.js';
import type { Links } from '../links.js';
import { isPostAsGet, requireObject, requirePostAsGet } from '../payload.js';
import { type AccountRequest, type KeyRequest, requireValid } from '../signed-request.js';

interface AccountPath {
  Params: { id: string };
}
interface OrdersPath extends AccountPath {
  Querystring: { cursor?: unknown };
}

/** RFC 8555 §7.3: accounts. */
export function accountRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { ra, signed } = context;

  /** §7.3 */
  app.post('/new-account', { config: { begins: true } }, async (request, reply) => {
    const signedRequest = await signed.byKey(request);
    await context.links.rememberAsked(signedRequest.links);
    const payload = requireObject(signedRequest.payload);
    const existing = await existingAccount(context, signedRequest, payload); // §7.3.1
    if (existing) return accountAnswer(reply.code(200), existing, signedRequest.links);
    const { account, created } = await createAccount(context, signedRequest, payload, addressOf(request));
    return accountAnswer(reply.code(created ? 201 : 200), account, signedRequest.links);
  });

  /** §7.3.2, §7.3.6 */
  app.post<AccountPath>('/account/:id', async (request, reply) => {
    const signedRequest = await signed.byAccount(request);
    requireOwn(signedRequest, request.params.id);
    const { account, payload, links } = signedRequest;
    if (isPostAsGet(payload)) return accountAnswer(reply, account, links);
    return accountAnswer(reply, await changeAccount(context, account, requireObject(payload)), links);
  });

  /** §7.1.2.1 */
  app.post<OrdersPath>('/account/:id/orders', async (request, reply) => {
    const signedRequest = await signed.byAccount(request);
    requireOwn(signedRequest, request.params.id);
    requirePostAsGet(signedRequest.payload);
    const { account, links } = signedRequest;
    const { ids, next } = await ra.orders.list(account, cursorOf(request.query.cursor));
    if (next !== null) reply.header('link', [links.index, `<${links.orders(account.id, next)}>;rel="next"`]);
    return asJson(reply, { orders: ids.map((id) => links.order(id)) });
  });
}

/** §7.1.2 */
export function accountAnswer(reply: FastifyReply, account: Account, links: Links): object {
  const { contact, termsAgreedAt, externalAccount } = account;
  const object = {
    status: accountStatus(account),
    contact,
    ...(termsAgreedAt !== null && { termsOfServiceAgreed: true }),
    ...(externalAccount && { externalAccountBinding: externalAccount.jws }),
    orders: links.orders(account.id),
  };
  return asJson(reply.header('location', links.account(account.id)), object);
}

/** §7.3.1: answers with the existing account of a key, without a new agreement, contact or binding. */
async function existingAccount(
  { ra }: AcmeContext,
  { key }: KeyRequest,
  payload: JsonObject,
): Promise<Account | null> {
  const { onlyReturnExisting = false } = payload;
  if (typeof onlyReturnExisting !== 'boolean') {
    throw new Problem('malformed', '"onlyReturnExisting" must be true or false');
  }
  const account = await ra.accounts.byThumbprint(key.thumbprint);
  if (!account && onlyReturnExisting) throw new Problem('accountDoesNotExist', 'no account has this key');
  if (account) requireValid(account); // §7.3.6
  return account;
}

async function createAccount(
  { ra, settings, isCompromised }: AcmeContext,
  { key, links }: KeyRequest,
  payload: JsonObject,
  from: string,
): Promise<{ account: Account; created: boolean }> {
  requireGoodKey(key, isCompromised); // §6.2
  const binding = await verifyExternalAccount(
    payload.externalAccountBinding,
    settings.externalAccounts,
    key,
    links.newAccount,
  ); // §7.3.4
  const result = await ra.accounts.create(
    {
      jwk: key.jwk,
      thumbprint: key.thumbprint,
      contact: payload.contact,
      termsOfServiceAgreed: payload.termsOfServiceAgreed,
      externalAccount: binding && { kid: binding.kid, jws: binding.jws },
      nodeId: binding?.nodeId ?? null,
    },
    from,
  );
  requireValid(result.account); // Another request may have made and ended it meanwhile.
  return result;
}

/** §7.3.2: updates contacts and terms; `status` only deactivates (§7.3.6); all other members are ignored. */
async function changeAccount({ ra }: AcmeContext, account: Account, payload: JsonObject): Promise<Account> {
  if (payload.status === 'deactivated') return ra.accounts.deactivate(account);
  const { contact, termsOfServiceAgreed } = payload;
  if (contact === undefined && termsOfServiceAgreed === undefined) return account;
  return ra.accounts.update(account, {
    ...(contact !== undefined && { contact }),
    ...(termsOfServiceAgreed !== undefined && { termsOfServiceAgreed }),
  });
}

/** §7.3.2: an account can be read and changed only by itself. */
function requireOwn({ account }: AccountRequest, id: string): void {
  if (account.id !== id) throw new Problem('unauthorized', 'this is not the account that signed the request');
}

function cursorOf(cursor: unknown): string | null {
  if (cursor === undefined) return null;
  if (typeof cursor !== 'string') throw new Problem('malformed', '"cursor" appears twice');
  return cursor;
}
