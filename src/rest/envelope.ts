import { RestError } from '../http/rest-error.js';
import { type CaRefused, CaUnavailable } from '../model/ca.js';
import { Problem, RETRY_AFTER } from '../model/problem.js';

/** The envelope of every success; `http/failures.ts` makes the one of failures. */
export function success(data: unknown): { status: 'success'; data: unknown } {
  return { status: 'success', data };
}

/** What the CA answers; when it is away, a 503 that says when to come back. */
export async function fromCa<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof CaUnavailable)) throw error;
    throw new Problem('serverInternal', 'the certificate authority cannot be reached; try again', {
      status: 503,
      retryAfter: RETRY_AFTER,
    });
  }
}

/** What a client is told when the CA will not do what it asked; the CA's words name what is wrong. */
export function refusedByCa({ message, kind }: CaRefused): RestError {
  if (kind === 'forbidden') return new RestError('forbidden', message);
  if (kind === 'notFound') return new RestError('notFound', message);
  if (kind === 'alreadyRevoked') return new RestError('conflict', message);
  return new RestError('unprocessable', message, kind === 'badCSR' ? { field: 'csr' } : {});
}
