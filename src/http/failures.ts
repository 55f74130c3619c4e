import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CaUnavailable } from '../ra/certificate-authority.js';
import { Problem } from '../ra/problem.js';
import { sendJson } from './json-reply.js';

/** An error of ours, for the log; the client hears only `serverInternal`. */
export type ReportError = (error: unknown, request: FastifyRequest) => void;

/** Answers everything that is not a success, for the whole server; plugins may answer their own paths otherwise. */
export function answerFailures(app: FastifyInstance, report: ReportError): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, report));
  app.setNotFoundHandler(refuseUnknown);
}

export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  report: ReportError,
): FastifyReply {
  const problem = toProblem(error);
  if (!(error instanceof Problem) && problem.status >= 500) report(error, request);
  return sendProblem(request, reply, problem);
}

/** 404, or 405 with `Allow` when only the method is wrong (RFC 9110 §15.5.6). */
export function refuseUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path = ''] = request.url.split('?', 1);
  const allowed = request.server.allowedMethods(path);
  if (allowed.length === 0) {
    return sendProblem(
      request,
      reply,
      new Problem('malformed', 'there is nothing at this URL', { status: 404 }),
    );
  }
  reply.header('allow', allowed.join(', '));
  const detail = `this URL takes ${allowed.join(', ')}, not ${request.method}`;
  return sendProblem(request, reply, new Problem('malformed', detail, { status: 405 }));
}

/** Seconds; the channel to the CA reconnects by itself within them. */
const CA_RETRY_AFTER = 5;

/** What the client is told: a Problem as it is, the framework's refusals as malformed, all else as serverInternal. */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CaUnavailable) {
    return new Problem('serverInternal', 'the certificate authority cannot be reached; try again later', {
      status: 503,
      retryAfter: CA_RETRY_AFTER,
    });
  }
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
  FST_ERR_BAD_URL: 'the URL is not well-formed',
};

/** RFC 8555 §6.7 problem document; under `/api` the REST envelope. */
function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { retryAfter, location } = problem.options;
  reply.code(problem.status);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  if (location !== undefined) reply.header('location', location);
  if (request.url.startsWith('/api/')) {
    const { detail: message, status: code } = problem;
    return sendJson(reply, { status: 'error', message, code });
  }
  return sendJson(reply, problem.toDocument(), 'application/problem+json');
}
