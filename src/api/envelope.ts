import type { FastifyInstance, FastifyReply } from 'fastify';
import { CaUnavailable } from '../ra/certificate-authority.js';

/** Seconds after which a client may ask again when the CA is away. */
const RETRY_AFTER = 5;

/** Thrown where a REST request must be refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export function success(data: unknown): { status: 'success'; data: unknown } {
  return { status: 'success', data };
}

export function failure(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ status: 'error', message, code: status });
}

/** Answers every error and every unknown path of the plugin in the envelope; what went wrong inside stays in the log. */
export function useEnvelopeForErrors(app: FastifyInstance, onError: (error: unknown) => void): void {
  app.setNotFoundHandler((_request, reply) => failure(reply, 404, 'Not found'));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof ApiError) return failure(reply, error.status, error.message);
    if (error instanceof CaUnavailable) {
      reply.header('retry-after', RETRY_AFTER);
      return failure(reply, 503, 'The certificate authority cannot be reached; try again');
    }
    const status = clientErrorStatus(error);
    if (status !== null) return failure(reply, status, (error as Error).message);
    onError(error);
    return failure(reply, 500, 'Internal error');
  });
}

/** What the framework found wrong with the request itself, such as a body too large. */
function clientErrorStatus(error: unknown): number | null {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500 ? status : null;
}
