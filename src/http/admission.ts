import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../model/problem.js';
import type { HttpLimits } from './limits.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The request begins something that takes many more: an order, an account. Such are refused first. */
    begins?: boolean;
    /** The answer is held back for something outside, which costs nothing. */
    waits?: boolean;
  }
  interface FastifyRequest {
    isUnderWay: boolean;
    /** Refused early. */
    isTooMuch: boolean;
  }
}

/** Seconds; what is under way is answered within one. */
const RETRY_AFTER = 1;
/** Refused clients come back one after another, not all at once. */
const RETRY_SPREAD = 4;

/**
 * Refuses requests early, before anything is read or verified of them, while more are under way than can be answered soon:
 * those accepted keep their speed, and memory is bounded. Requests that begin something go first, so that what was begun is
 * finished. 503 with Retry-After (RFC 9110 §15.6.4, RFC 8555 §6.7 `serverInternal`: nothing the client did wrong).
 *
 * What counts is work: not a body that is slow to come, not an answer that is slow to be read, nor one held back for
 * somebody else. A request answered at once counts until the turn of the event loop is over: many in one turn are a queue, too.
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
  // After every onRequest hook, so that a refusal has the headers the protocol wants on it.
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
