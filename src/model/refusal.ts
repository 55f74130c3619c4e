import { Problem, RETRY_AFTER } from './problem.js';

/** The codes of the REST error envelope (docs/rest.md), and their HTTP statuses (RFC 9110 §15). */
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

export type RefusalCode = keyof typeof STATUS;
export const REFUSAL_CODES = Object.keys(STATUS) as RefusalCode[];

interface RefusalOptions {
  /** The refused parameter, in the notation of its request: `sans[0].value`. */
  field?: string;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
}

/** Thrown to refuse a request outside ACME. The message is for the client. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly field: string | null;
  /** Seconds; null: repeating the request does not help. */
  readonly retryAfter: number | null;

  constructor(
    readonly code: RefusalCode,
    message: string,
    { field, retryAfter }: RefusalOptions = {},
  ) {
    super(message);
    this.status = STATUS[code];
    this.field = field ?? null;
    this.retryAfter = retryAfter ?? (code === 'unavailable' ? RETRY_AFTER : null);
  }
}

/** Converts a problem to a refusal: its detail, with the code of its status. */
export function refusedOf({ status, detail, options: { retryAfter } }: Problem): Refused {
  const code = REFUSAL_CODES.find((each) => STATUS[each] === status);
  const fallback = status >= 500 ? 'internal' : 'invalidRequest';
  return new Refused(code ?? fallback, detail, retryAfter === undefined ? {} : { retryAfter });
}

/** The outcome of a failed request for the audit log: the code of its refusal. */
export function outcomeOf(error: unknown): string {
  if (error instanceof Refused) return error.code;
  return error instanceof Problem ? refusedOf(error).code : 'failed';
}

/** Converts a refusal to the nearest ACME problem. */
export function problemOf({ status, message, retryAfter }: Refused): Problem {
  return new Problem(status >= 500 ? 'serverInternal' : 'malformed', message, {
    status,
    ...(retryAfter !== null && { retryAfter }),
  });
}

/** The error envelope of the REST API. */
export function errorEnvelope({ message, code, field }: Refused) {
  return { status: 'error' as const, message, code, ...(field !== null && { field }) };
}
