import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CaLacksTask, CaUnavailable } from '../model/ca.js';
import { Problem, RETRY_AFTER } from '../model/problem.js';
import { errorEnvelope, problemOf, Refused, refusedOf } from '../model/refusal.js';
import { StoreRefused, StoreUnavailable } from '../store/contract/errors.js';
import { asJson } from './json-reply.js';
import type { Refusal } from './request-log.js';

/** Logs an internal error; the client receives only `serverInternal`. */
export type ReportError = (error: unknown, request: FastifyRequest) => void;

/** Answers every failure of the server, except on paths of plugins with a handler of their own. */
export function answerFailures(app: FastifyInstance, report: ReportError): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, report));
  app.setNotFoundHandler(refuseUnknown);
}

/** The answer to an error, for the handler to return. */
function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  report: ReportError,
): object | string {
  // An unknown path or method is reported before a fault of the body.
  if (request.is404 && isAboutBody(error)) return refuseUnknown(request, reply);
  const told = error instanceof Refused ? error : toProblem(error);
  if (told.status >= 500 && !isExpected(error)) report(error, request);
  return answer(request, reply, told);
}

/** Whether the framework refused a body, or its absence. */
function isAboutBody(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^FST_ERR_(CTP|ROUTE_MISSING)_/.test(String(error.code))
  );
}

/**
 * Errors that need no line in the error log: refusals, tasks this CA lacks, and an unavailable CA, which the
 * channel reports once.
 */
function isExpected(error: unknown): boolean {
  const kinds = [Refused, Problem, CaUnavailable, CaLacksTask];
  return kinds.some((kind) => error instanceof kind);
}

/** 404, or 405 with `Allow` when only the method is wrong (RFC 9110 §15.5.6). */
export function refuseUnknown(request: FastifyRequest, reply: FastifyReply): object | string {
  const [path = ''] = request.url.split('?', 1);
  const allowed = request.server.allowedMethods(path);
  if (allowed.length === 0) {
    return answer(request, reply, new Problem('malformed', 'there is nothing at this URL', { status: 404 }));
  }
  reply.header('allow', allowed.join(', '));
  const detail = `this URL takes ${allowed.join(', ')}, not ${request.method}`;
  return answer(request, reply, new Problem('malformed', detail, { status: 405 }));
}

/** The problem for the client: a Problem itself, `malformed` for a refusal of the framework, else `serverInternal`. */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const later = { status: 503, retryAfter: RETRY_AFTER };
  if (error instanceof CaUnavailable)
    return new Problem(
      'serverInternal',
      'the certificate authority cannot be reached; try again later',
      later,
    );
  if (error instanceof StoreUnavailable)
    return new Problem('serverInternal', 'nothing can be kept at the moment; try again later', later);
  // The fault is permanent, so the client gets no Retry-After.
  if (error instanceof StoreRefused) {
    return new Problem(
      'serverInternal',
      'the database of this server cannot be used; its operator has to act',
    );
  }
  // RFC 9110 §15.6.2: not implemented, by this RA and CA together.
  if (error instanceof CaLacksTask) return new Problem('serverInternal', error.message, { status: 501 });
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Problem('malformed', REFUSALS[String(code)] ?? 'the request is not well-formed HTTP', {
      status: statusCode,
    });
  }
  return new Problem('serverInternal', 'an internal error occurred; try again later');
}

const REFUSALS: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the request body is too large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the Content-Type is not one this URL takes',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the request body is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the request body is not JSON',
};

/** The refusal as the request log has it. */
function refusalOf(told: Problem | Refused): Refusal {
  if (told instanceof Refused) return { problem: told.code, detail: told.message };
  const { identifier, subproblems = [] } = told.options;
  const names = [identifier, ...subproblems.map((each) => each.identifier)].flatMap(
    (each) => each?.value ?? [],
  );
  return { problem: told.type, detail: told.detail, ...(names.length > 0 && { names }) };
}

/** Where EST is served (RFC 7030 §3.2.2). */
const EST = /^\/\.well-known\/est(\/|$|\?)/;

/** RFC 8555 §6.7 problem document; under `/api` the REST envelope; for EST plain text (RFC 7030 §4.2.3). */
function answer(request: FastifyRequest, reply: FastifyReply, told: Problem | Refused): object | string {
  reply.code(told.status);
  request.refusal = refusalOf(told);
  const retryAfter = told instanceof Refused ? told.retryAfter : told.options.retryAfter;
  if (typeof retryAfter === 'number') reply.header('retry-after', retryAfter);
  // Behind a load balancer, a client that reconnects may reach a working replica. A client refused for load keeps its
  // connection, because another handshake costs more than the refused request.
  if (told.status === 503 && !request.isTooMuch) reply.header('connection', 'close');
  if (request.url.startsWith('/api/')) {
    return asJson(reply, errorEnvelope(told instanceof Refused ? told : refusedOf(told)));
  }
  if (EST.test(request.url)) {
    reply.type('text/plain; charset=utf-8');
    return `${told instanceof Refused ? told.message : told.detail}\n`;
  }
  const problem = told instanceof Refused ? problemOf(told) : told;
  if (problem.options.location !== undefined) reply.header('location', problem.options.location);
  return asJson(reply, problem.toDocument(), 'application/problem+json');
}
