import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../model/problem.js';
import type { HttpLimits } from './limits.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The request starts an account or an order, which takes many more requests to finish. */
    begins?: boolean;
    /** The request waits for another process, which costs nothing here. */
    waits?: boolean;
  }
  interface FastifyRequest {
    isUnderWay: boolean;
    /** Refused before it was read, because too many were in progress. */
    isTooMuch: boolean;
  }
}

/** Seconds; requests in progress are answered within one. */
const RETRY_AFTER = 1;
/** Seconds over which refused clients are spread, so that they do not all return at once. */
const RETRY_SPREAD = 4;

/**
 * Refuses requests before they are read or verified while more are in progress than can be answered soon.
 * Accepted requests keep their speed, and memory is bounded. Requests that start an account or an order are
 * refused first, so that started orders can finish. The answer is 503 with Retry-After (RFC 9110 §15.6.4, RFC
 * 8555 §6.7 `serverInternal`: the client did nothing wrong).
 *
 * Only work counts: not a slow body, not an answer that is read slowly, not a request that waits for another
 * process. A request that is answered at once counts until the turn of the event loop ends, because many
 * requests in one turn form a queue too.
 */
export function admitRequests(
  app: FastifyInstance,
  { requests, beginnings }: Pick<HttpLimits, 'requests' | 'beginnings'>,
  random: () => number,
): void {
  let underWay = 0;
  let ending = 0;
  const endTurn = () => {
    underWay -= ending;
    ending = 0;
  };
  const end = (request: FastifyRequest) => {
    if (!request.isUnderWay) return;
    request.isUnderWay = false;
    if (ending === 0) setImmediate(endTurn);
    ending += 1;
  };

  app.decorateRequest('isUnderWay', false);
  app.decorateRequest('isTooMuch', false);
  // Runs after every onRequest hook, so that a refusal has the headers the protocol requires.
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const limit = request.routeOptions.config.begins ? beginnings : requests;
    if (underWay < limit) return done();
    request.isTooMuch = true;
    done(
      new Problem('serverInternal', 'too much to do at the moment; try again later', {
        status: 503,
        retryAfter: RETRY_AFTER + Math.floor(random() * RETRY_SPREAD),
      }),
    );
  });
  app.addHook('preValidation', (request, reply, done) => {
    underWay += 1;
    request.isUnderWay = true;
    if (request.routeOptions.config.waits) end(request);
    else reply.raw.once('close', () => end(request));
    done();
  });
  app.addHook('onSend', (request, _reply, _payload, done) => {
    end(request);
    done();
  });
}
