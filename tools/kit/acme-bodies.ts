import type { IncomingHttpHeaders } from 'node:http';

export interface ProblemBody {
  type: string;
  detail?: string;
  status?: number;
  identifier?: { type: string; value: string };
  subproblems?: ProblemBody[];
  algorithms?: string[];
  instance?: string;
}

/** The server refused a request; `type` is the problem's without its URN. */
export class AcmeError extends Error {
  readonly type: string;
  constructor(
    readonly problem: ProblemBody,
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
  ) {
    super(`${status} ${problem.type}: ${problem.detail ?? ''} ${JSON.stringify(problem.subproblems ?? '')}`);
    this.type = problem.type.replace('urn:ietf:params:acme:error:', '');
  }
}

/** A response of the server violated RFC 8555. */
export class ProtocolViolation extends Error {}

export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  newAuthz?: string;
  revokeCert: string;
  keyChange: string;
  renewalInfo?: string;
  meta?: {
    termsOfService?: string;
    website?: string;
    caaIdentities?: string[];
    externalAccountRequired?: boolean;
    profiles?: Record<string, string>;
  };
}

export interface AcmeIdentifier {
  type: string;
  value: string;
}

export interface AccountBody {
  status: string;
  contact?: string[];
  orders: string;
  termsOfServiceAgreed?: boolean;
  externalAccountBinding?: unknown;
}

export interface OrderBody {
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  expires?: string;
  identifiers: AcmeIdentifier[];
  notBefore?: string;
  notAfter?: string;
  error?: ProblemBody;
  authorizations: string[];
  finalize: string;
  certificate?: string;
  profile?: string;
  replaces?: string;
}

/** An order as returned, with its own URL. */
export interface Located<T> {
  url: string;
  body: T;
}

export interface ChallengeBody {
  type: string;
  url: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  token: string;
  validated?: string;
  error?: ProblemBody;
}

export interface AuthorizationBody {
  status: string;
  identifier: AcmeIdentifier;
  expires?: string;
  wildcard?: boolean;
  challenges: ChallengeBody[];
}
