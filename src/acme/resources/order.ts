import type { FastifyInstance, FastifyReply } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import { addressOf } from '../../http/peer.js';
import type { OrderAndAuthorizations } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { orderStatus } from '../../model/status.js';
import { readByAdmin } from '../admin-view.js';
import type { AcmeContext } from '../context.js';
import type { Links } from '../links.js';
import { requireDer, requireObject, requirePostAsGet } from '../payload.js';
import { POLL_AFTER, rfc3339 } from '../times.js';

interface OrderPath {
  Params: { id: string };
}

/** RFC 8555 §7.4: orders. */
export function orderRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { ra, signed } = context;

  /** §7.4 */
  app.post('/new-order', { config: { begins: true } }, async (request, reply) => {
    const { account, payload, links } = await signed.byAccount(request);
    const { identifiers, notBefore, notAfter, profile, replaces } = requireObject(payload);
    const wanted = { identifiers, notBefore, notAfter, profile, replaces };
    const found = await ra.orders.create(account, wanted, {
      node: await context.nodeOf(request),
      from: addressOf(request),
    });
    return orderAnswer(reply.code(201), found, links, ra.clock());
  });

  /** §7.4, polled with POST-as-GET */
  app.post<OrderPath>('/order/:id', async (request, reply) => {
    const { id } = request.params;
    const { account, payload, links, ahead } = await signed.byAccountAbout(request, 'order', id);
    requirePostAsGet(payload);
    return orderAnswer(reply, await ra.orders.get(account, id, ahead), links, ra.clock());
  });

  /** §7.4 */
  app.post<OrderPath>('/order/:id/finalize', async (request, reply) => {
    const { id } = request.params;
    const { account, payload, links, ahead } = await signed.byAccountAbout(request, 'order', id);
    const csr = requireDer(requireObject(payload), 'csr');
    const found = await ra.finalizations.finalize(account, id, csr, { from: addressOf(request), ahead });
    return orderAnswer(reply, found, links, ra.clock());
  });

  readByAdmin(app, context, '/order/:id', async (id, reply, links) => {
    const found = await ra.orders.find(id);
    if (!found) throw new Problem('malformed', 'there is no such order', { status: 404 });
    return orderAnswer(reply, found, links, ra.clock());
  });
}

/** §7.1.3 */
function orderAnswer(
  reply: FastifyReply,
  { order, authorizations }: OrderAndAuthorizations,
  links: Links,
  now: number,
): object {
  const { id, identifiers, notBefore, notAfter, error, authorizationIds, certificateId, profile, replaces } =
    order;
  const status = orderStatus(order, authorizations, now);
  if (status === 'processing') reply.header('retry-after', POLL_AFTER);
  const object = {
    status,
    expires: rfc3339(order.expiresAt),
    identifiers,
    ...(notBefore !== null && { notBefore: rfc3339(notBefore) }),
    ...(notAfter !== null && { notAfter: rfc3339(notAfter) }),
    ...(error && { error }),
    authorizations: authorizationIds.map((each) => links.authorization(each)),
    finalize: links.finalize(id),
    ...(certificateId !== null && { certificate: links.certificate(certificateId) }),
    profile,
    ...(replaces !== null && { replaces }),
  };
  return asJson(reply.header('location', links.order(id)), object);
}
