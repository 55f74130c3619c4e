import type { FastifyInstance } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import { type Authorization, CHALLENGE_TYPES, type Challenge } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { challengeStatus } from '../../model/status.js';
import type { AcmeContext } from '../context.js';
import type { Links } from '../links.js';
import { isPostAsGet, requireObject } from '../payload.js';
import { POLL_AFTER, rfc3339 } from '../times.js';

interface ChallengePath {
  Params: { authorization: string };
}

/** RFC 8555 §7.5.1: responding to challenges (§8.3, §8.4, RFC 8737). */
export function challengeRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { ra, signed } = context;
  for (const type of CHALLENGE_TYPES) {
    const path = `/challenge/:authorization/${type}`;
    app.post<ChallengePath>(path, { config: { waits: true } }, async (request, reply) => {
      const id = request.params.authorization;
      const { account, payload, links, ahead } = await signed.byAccountAbout(request, 'authorization', id);
      if (!isPostAsGet(payload)) requireObject(payload); // §7.5.1: `{}`; other members are ignored
      const authorization = isPostAsGet(payload)
        ? await ra.authorizations.withChallenge(account, id, type, ahead)
        : await ra.authorizations.answer(account, id, type, ahead);
      const challenge = authorization.challenges.find((each) => each.type === type);
      if (!challenge)
        throw new Problem('malformed', `this authorization has no ${type} challenge`, { status: 404 });
      if (challengeStatus(challenge, authorization) === 'processing') reply.header('retry-after', POLL_AFTER); // §8.2
      reply.header('link', [links.index, `<${links.authorization(id)}>;rel="up"`]);
      return asJson(reply, await challengeObject(challenge, authorization, links, context));
    });
  }
}

/** §8 */
export async function challengeObject(
  challenge: Challenge,
  authorization: Authorization,
  links: Links,
  { settings }: Pick<AcmeContext, 'settings'>,
): Promise<object> {
  const { id, accountId } = authorization;
  const { type, token, validatedAt, error } = challenge;
  return {
    type,
    url: links.challenge(id, type),
    status: challengeStatus(challenge, authorization),
    ...(type === 'dns-persist-01' ? await persistMembers(links.account(accountId), settings) : { token }),
    ...(validatedAt !== null && { validated: rfc3339(validatedAt) }),
    ...(error && { error }),
  };
}

/** draft-ietf-acme-dns-persist §3: the values for the record, in the spelling of -01 and of -02; there is no token. */
async function persistMembers(
  accounturi: string,
  { persistIssuers }: AcmeContext['settings'],
): Promise<object> {
  const issuers = (await persistIssuers?.()) ?? [];
  return { accounturi, 'issuer-domain-names': issuers, issuerDomainNames: issuers };
}
