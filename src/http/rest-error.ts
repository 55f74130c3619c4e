import { Problem } from '../model/problem.js';

/** The stable codes of the error envelope (docs/rest.md), and the HTTP status each is sent with (RFC 9110 §15). */
const STATUS = {
  invalidRequest: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  methodNotAllowed: 405,
  conflict: 409,
  tooLarge: 413,
  unsupportedMediaType: 415,
  unprocessable: 422,
  tooManyRequests: 429,
  internal: 500,
  notImplemented: 501,
  unavailable: 503,
} as const;

export type RestCode = keyof typeof STATUS;
export const REST_CODES = Object.keys(STATUS) as RestCode[];

export interface RestErrorOptions {
  /** The parameter to blame, as the client wrote it: `sans[0].value`. */
  field?: string;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
}

/** Thrown wherever a REST request must be refused; `failures.ts` wraps it in the envelope. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;

  constructor(
    readonly code: RestCode,
    message: string,
    readonly options: RestErrorOptions = {},
  ) {
    super(message);
    this.status = STATUS[code];
  }
}

/** A problem in the words of the REST side: its detail, under the code of its status. */
export function restErrorOf(problem: Problem): RestError {
  const { retryAfter } = problem.options;
  const code = REST_CODES.find((each) => STATUS[each] === problem.status);
  const fallback = problem.status >= 500 ? 'internal' : 'invalidRequest';
  return new RestError(code ?? fallback, problem.detail, retryAfter === undefined ? {} : { retryAfter });
}

/** A REST error outside `/api`: the nearest problem document. */
export function problemOf(error: RestError): Problem {
  const { status, message, options } = error;
  return new Problem(status >= 500 ? 'serverInternal' : 'malformed', message, {
    status,
    ...(options.retryAfter !== undefined && { retryAfter: options.retryAfter }),
  });
}

/** The error envelope as it is sent. */
export function errorEnvelope({ message, code, options }: RestError) {
  const { field } = options;
  return { status: 'error' as const, message, code, ...(field !== undefined && { field }) };
}
