import type { FastifyInstance } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import type { Challenge, ChallengeType } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import { challengeStatus } from '../../model/status.js';
import type { AcmeContext } from '../context.js';
import type { Links } from '../links.js';
import { isPostAsGet, requireObject } from '../payload.js';
import { POLL_AFTER, rfc3339 } from '../times.js';

interface ChallengePath {
  Params: { authorization: string };
}

const TYPES: ChallengeType[] = ['http-01', 'dns-01', 'tls-alpn-01'];

/** RFC 8555 §7.5.1: responding to challenges (§8.3, §8.4, RFC 8737). */
export function challengeRoutes(app: FastifyInstance, { ra, signed }: AcmeContext): void {
  for (const type of TYPES) {
    const path = `/challenge/:authorization/${type}`;
    app.post<ChallengePath>(path, { config: { waits: true } }, async (request, reply) => {
      const { account, payload, links } = await signed.byAccount(request);
      const id = request.params.authorization;
      if (!isPostAsGet(payload)) requireObject(payload); // §7.5.1: `{}`; other members are ignored
      const authorization = isPostAsGet(payload)
        ? await ra.challenge(account, id, type)
        : await ra.answerChallenge(account, id, type);
      const challenge = authorization.challenges.find((each) => each.type === type);
      if (!challenge)
        throw new Problem('malformed', `this authorization has no ${type} challenge`, { status: 404 });
      if (challengeStatus(challenge) === 'processing') reply.header('retry-after', POLL_AFTER); // §8.2
      reply.header('link', [links.index, `<${links.authorization(id)}>;rel="up"`]);
      return asJson(reply, challengeObject(challenge, id, links));
    });
  }
}

/** §8 */
export function challengeObject(challenge: Challenge, authorizationId: string, links: Links): object {
  const { type, token, validatedAt, error } = challenge;
  return {
    type,
    url: links.challenge(authorizationId, type),
    status: challengeStatus(challenge),
    token,
    ...(validatedAt !== null && { validated: rfc3339(validatedAt) }),
    ...(error && { error }),
  };
}
