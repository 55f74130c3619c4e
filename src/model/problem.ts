/**
 * The problems of failed ACME requests (RFC 8555 §6.7, RFC 7807), each with its URN and HTTP status. Internal errors (a bug, an
 * unavailable database) are plain Errors, and the client sees them only as `serverInternal`.
 */

/** `Retry-After` (RFC 9110 §10.2.3) in seconds when the CA or the store is unavailable, or after an internal error. */
export const RETRY_AFTER = 5;

type ProblemType =
  | 'accountDoesNotExist'
  | 'alreadyReplaced'
  | 'alreadyRevoked'
  | 'badCSR'
  | 'badNonce'
  | 'badPublicKey'
  | 'badRevocationReason'
  | 'badSignatureAlgorithm'
  | 'caa'
  | 'compound'
  | 'connection'
  | 'dns'
  | 'externalAccountRequired'
  | 'incorrectResponse'
  | 'invalidContact'
  | 'invalidProfile'
  | 'malformed'
  | 'orderNotReady'
  | 'rateLimited'
  | 'rejectedIdentifier'
  | 'serverInternal'
  | 'tls'
  | 'unauthorized'
  | 'unsupportedContact'
  | 'unsupportedIdentifier'
  | 'userActionRequired';

/** The HTTP status of each problem type; an option of `Problem` can override it. */
const STATUS: Record<ProblemType, number> = {
  accountDoesNotExist: 400, // §6.2, §7.3.1
  alreadyReplaced: 409, // RFC 9773 §5
  alreadyRevoked: 400, // §7.6
  badCSR: 400, // §7.4
  badNonce: 400, // §6.5
  badPublicKey: 400, // §6.2
  badRevocationReason: 400, // §7.6
  badSignatureAlgorithm: 400, // §6.2
  caa: 403,
  compound: 400, // §6.7.1
  connection: 400,
  dns: 400,
  externalAccountRequired: 403, // §7.3.4
  incorrectResponse: 403,
  invalidContact: 400, // §7.3
  invalidProfile: 400, // draft-ietf-acme-profiles §4
  malformed: 400,
  orderNotReady: 403, // §7.4
  rateLimited: 429,
  rejectedIdentifier: 400, // §7.4
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedContact: 400, // §7.3
  unsupportedIdentifier: 400, // §7.4
  userActionRequired: 403, // §7.3.3
};

const PROBLEM_URN = 'urn:ietf:params:acme:error:';

/** The document of a problem: stored on a challenge or order, or a subproblem (§6.7.1). */
export interface ProblemDocument {
  /** Full URN. */
  type: string;
  detail: string;
  status: number;
  /** Only in a subproblem: the refused identifier, as the client sent it. Its type may be unknown here. */
  identifier?: { type: string; value: string };
  subproblems?: ProblemDocument[];
  /** §6.2: the algorithms the server accepts, on badSignatureAlgorithm. */
  algorithms?: string[];
  /** §7.3.3: on userActionRequired, the URL to visit. */
  instance?: string;
}

interface ProblemOptions {
  status?: number;
  identifier?: { type: string; value: string };
  subproblems?: ProblemDocument[];
  algorithms?: string[];
  instance?: string;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
  /** URL for `Location` (§7.3.5: the account that holds the key). */
  location?: string;
}

/** Thrown to refuse a request; the HTTP layer sends it as `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(
    readonly type: ProblemType,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(`${type}: ${detail}`);
    this.status = options.status ?? STATUS[type];
  }

  /**
   * The problem document to serve or to store, RFC 7807 members first. §6.7.1: `identifier` is only in subproblems, even if
   * there is only one.
   */
  toDocument(): ProblemDocument {
    const { identifier, subproblems = identifier && [this.toSubproblem()] } = this.options;
    const { algorithms, instance } = this.options;
    return {
      ...this.#members(),
      ...(subproblems && { subproblems }),
      ...(algorithms && { algorithms }),
      ...(instance && { instance }),
    };
  }

  /** §6.7.1: this problem as a subproblem of another. */
  toSubproblem(): ProblemDocument {
    const { identifier } = this.options;
    return { ...this.#members(), ...(identifier && { identifier }) };
  }

  #members() {
    return { type: PROBLEM_URN + this.type, detail: this.detail, status: this.status };
  }
}

/** §6.7.1: the problem itself if there is one, else a compound problem with all as subproblems. */
export function forIdentifiers(problems: readonly Problem[]): Problem {
  const [first] = problems;
  if (!first) throw new Error('forIdentifiers wants at least one problem');
  if (problems.length === 1) return first;
  const sameType = problems.every((problem) => problem.type === first.type);
  return new Problem(sameType ? first.type : 'compound', `${problems.length} identifiers were refused`, {
    status: sameType ? first.status : 403,
    subproblems: problems.map((problem) => problem.toSubproblem()),
  });
}
