/**
 * The contract of the validation authority: given an identifier, a challenge type and the expected response,
 * it says whether the network proves it. It knows nothing of accounts, orders or storage.
 */

export interface ValidationRequest {
  type: 'http-01' | 'dns-01' | 'tls-alpn-01' | 'dns-account-01' | 'dns-persist-01';
  /** Without `*.`; canonical text for IP addresses. */
  identifier: { type: 'dns' | 'ip'; value: string };
  wildcard: boolean;
  token: string;
  /** `token.thumbprint` (RFC 8555 §8.1). */
  keyAuthorization: string;
  accountUris: AccountUris;
}

/**
 * Every URL the account has or ever had, today's first: what a record that names an account may say (RFC 8657 §3). Only asked
 * where there is one.
 */
type AccountUris = () => Promise<readonly string[]>;

/** The input of a CAA decision (RFC 8659 §4.3, RFC 8657); `type` null: proven by no challenge. */
export interface CaaRequest {
  identifier: ValidationRequest['identifier'];
  wildcard: boolean;
  type: ValidationRequest['type'] | null;
  accountUris: AccountUris;
}

/** One step of an examination, and what was seen. */
export interface Observation {
  step: 'resolver' | 'caa' | 'http-01' | 'tls-alpn-01' | 'dns-01';
  /** A resolver, a name, an address with its port, a URL. */
  target: string;
  outcome: string;
  /** False: a validation would fail by it. */
  ok: boolean;
}

/** One address tried, for logs and for the operator who must understand a failure. */
export interface AttemptRecord {
  /** The target that was dialed or queried, such as `192.0.2.7:80` or `TXT _acme-challenge.example.com`. */
  target: string;
  /** The outcome, such as `HTTP 404, 19 bytes` or `connection refused`. */
  outcome: string;
  milliseconds: number;
}

export type ValidationErrorType =
  | 'caa'
  | 'connection'
  | 'dns'
  | 'incorrectResponse'
  | 'malformed'
  | 'rejectedIdentifier'
  | 'serverInternal'
  | 'tls'
  | 'unauthorized';

export type ValidationResult =
  | {
      ok: true;
      attempts: AttemptRecord[];
      /**
       * Until when the proof may be relied on, ms since the epoch; as long as the policy says when absent.
       */
      until?: number;
    }
  | {
      ok: false;
      type: ValidationErrorType;
      /** One sentence an operator understands: address tried, status, bytes received, what was expected. */
      detail: string;
      /** Worth trying again soon (RFC 8555 §8.2): refused, timed out, not found yet, wrong content. False for policy refusals. */
      retryable: boolean;
      attempts: AttemptRecord[];
    };

/** A refusal, as a validation tells it. */
export type CaaRefusal = Pick<Extract<ValidationResult, { ok: false }>, 'type' | 'detail' | 'retryable'>;

export interface Validator {
  /**
   * Whether CAA records allow a certificate now (RFC 8659 §3), for a name that was proven some time ago: null when they do.
   * Never throws for anything the network does.
   */
  checkCaa(request: CaaRequest): Promise<CaaRefusal | null>;
  /** Never throws for anything the network or the peer does; `signal` ends it early. */
  validate(request: ValidationRequest, signal?: AbortSignal): Promise<ValidationResult>;
}

export interface Examiner {
  /** Looks at a name as a validation would, by the same code, and tells all that was seen on the way. */
  examine(name: Pick<ValidationRequest, 'identifier' | 'wildcard'>): Promise<Observation[]>;
}
