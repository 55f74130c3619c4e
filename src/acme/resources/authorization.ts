import type { FastifyInstance, FastifyReply } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import { addressOf } from '../../http/peer.js';
import type { Authorization } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { authorizationStatus, challengeStatus } from '../../model/status.js';
import { readByAdmin } from '../admin-view.js';
import type { AcmeContext } from '../context.js';
import type { Links } from '../links.js';
import { isPostAsGet, requireObject } from '../payload.js';
import { POLL_AFTER, rfc3339 } from '../times.js';
import { challengeObject } from './challenge.js';

interface AuthorizationPath {
  Params: { id: string };
}

/** RFC 8555 §7.5: authorizations. */
export function authorizationRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { ra, signed, settings } = context;

  /** §7.4.1; a rule switches it on and off while the RA runs. */
  app.post('/new-authz', { config: { begins: true } }, async (request, reply) => {
    const { account, payload, links } = await signed.byAccount(request);
    if (!settings.preauthorization)
      throw new Problem('malformed', 'newAuthz is not offered here', { status: 404 });
    const authorization = await ra.preauthorizations.create(
      account,
      requireObject(payload).identifier,
      addressOf(request),
    );
    reply.code(201).header('location', links.authorization(authorization.id));
    return authorizationAnswer(reply, authorization, links, context);
  });

  /** §7.5, and §7.5.2 to deactivate */
  app.post<AuthorizationPath>('/authz/:id', async (request, reply) => {
    const { id } = request.params;
    const { account, payload, links, ahead } = await signed.byAccountAbout(request, 'authorization', id);
    if (isPostAsGet(payload))
      return authorizationAnswer(reply, await ra.authorizations.get(account, id, ahead), links, context);
    if (requireObject(payload).status !== 'deactivated') {
      throw new Problem('malformed', 'the only change an authorization takes is {"status":"deactivated"}');
    }
    return authorizationAnswer(reply, await ra.authorizations.deactivate(account, id), links, context);
  });

  readByAdmin(app, context, '/authz/:id', async (id, reply, links) => {
    const authorization = await ra.authorizations.find(id);
    if (!authorization) throw new Problem('malformed', 'there is no such authorization', { status: 404 });
    return authorizationAnswer(reply, authorization, links, context);
  });
}

/** §7.1.4 */
async function authorizationAnswer(
  reply: FastifyReply,
  authorization: Authorization,
  links: Links,
  context: AcmeContext,
): Promise<object> {
  const now = context.ra.clock();
  const { identifier, wildcard, expiresAt, challenges } = authorization;
  const status = authorizationStatus(authorization, now);
  const validating = challenges.some(
    (challenge) => challengeStatus(challenge, authorization) === 'processing',
  );
  if (status === 'pending' && validating) reply.header('retry-after', POLL_AFTER);
  // §7.1.4: after a challenge was tried, the authorization shows only that one.
  const tried = challenges.filter(
    (challenge) => challenge.validatedAt !== null || challenge.failedAt !== null,
  );
  const object = {
    status,
    expires: rfc3339(expiresAt),
    identifier,
    challenges: await Promise.all(
      (tried.length > 0 ? tried : challenges).map((each) =>
        challengeObject(each, authorization, links, context),
      ),
    ),
    ...(wildcard && { wildcard }),
  };
  return asJson(reply, object);
}
