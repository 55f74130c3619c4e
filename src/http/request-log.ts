import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { monotonic } from '../lib/monotonic.js';
import { addressOf } from './peer.js';
import { RefusalBudget } from './refusal-budget.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The refusal that the client received. */
    refusal: Refusal | null;
    /** Id of the ACME account that signed the request, once its signature was verified. */
    accountId: string | null;
  }
}

/** Why a request was refused, for the log. */
export interface Refusal {
  /** RFC 8555 §6.7 type, or the code of REST. */
  problem: string;
  detail: string;
  /** The refused names, when the refusal is about names. */
  names?: string[];
}

/** Limits of what a line quotes of the request, so that the bounded number of lines is a bounded number of octets. */
const MOST_TEXT = 500;
const MOST_NAMES = 10;

/** A client's text for the log, cut. */
export const quotable = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}… (${text.length} characters)`;

/**
 * Logs one line per request: refused requests at level info with account, names and reason, others at level
 * debug. Of a flood of refusals only the number is logged.
 */
export function logRequests(app: FastifyInstance, log: Logger, now: () => number = monotonic): void {
  const budget = new RefusalBudget(now);
  app.decorateRequest('refusal', null);
  app.decorateRequest('accountId', null);
  app.addHook('onResponse', (request, reply, done) => {
    const refused = reply.statusCode >= 400;
    if (!log.isLevelEnabled(refused ? 'info' : 'debug')) return done();
    const facts = factsOf(request, reply.statusCode, reply.elapsedTime);
    if (!refused) {
      log.debug(facts, 'request');
      return done();
    }
    const { log: logged, suppressed } = budget.take(facts.ip);
    if (suppressed > 0) log.info({ suppressed }, 'more requests were refused than are logged in a minute');
    if (logged) log.info(facts, 'refused');
    done();
  });
}

function factsOf(request: FastifyRequest, status: number, elapsed: number) {
  const { id, method, url, refusal, accountId } = request;
  return {
    id,
    method,
    url: quotable(url),
    status,
    ms: Math.round(elapsed * 10) / 10,
    ip: addressOf(request),
    ...(accountId !== null && { account: accountId }),
    ...(refusal !== null && {
      ...refusal,
      detail: quotable(refusal.detail),
      ...(refusal.names && { names: refusal.names.slice(0, MOST_NAMES) }),
    }),
  };
}
