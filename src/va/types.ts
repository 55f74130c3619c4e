/**
 * The contract of the validation authority: it checks over the network whether an identifier gives the
 * expected response to a challenge. It knows nothing of accounts, orders or storage.
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
 * Returns every current and former URL of the account, the current one first. Called only for a DNS record
 * that names an account (RFC 8657 §3).
 */
type AccountUris = () => Promise<readonly string[]>;

/** The input of a CAA decision (RFC 8659 §4.3, RFC 8657); `type` null: proven by no challenge. */
export interface CaaRequest {
  identifier: ValidationRequest['identifier'];
  wildcard: boolean;
  type: ValidationRequest['type'] | null;
  accountUris: AccountUris;
}

/** One step of an examination and its outcome. */
export interface Observation {
  step: 'resolver' | 'caa' | 'http-01' | 'tls-alpn-01' | 'dns-01';
  /** A resolver, a name, an address with its port, a URL. */
  target: string;
  outcome: string;
  /** False when a validation would fail because of it. */
  ok: boolean;
}

/** One attempt at a target, for logs and operators. */
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
      /** Expiry of the proof, ms since the epoch; absent: the policy decides. */
      until?: number;
    }
  | {
      ok: false;
      type: ValidationErrorType;
      /** One sentence for operators: the address, the status, the received bytes, the expected ones. */
      detail: string;
      /** Whether another attempt may succeed soon (RFC 8555 §8.2): after a timeout or a wrong content, not after a refusal by policy. */
      retryable: boolean;
      attempts: AttemptRecord[];
    };

/** A refusal in the terms of a validation result. */
export type CaaRefusal = Pick<Extract<ValidationResult, { ok: false }>, 'type' | 'detail' | 'retryable'>;

export interface Validator {
  /**
   * Checks CAA records again (RFC 8659 §3) for a name that was validated earlier; null when they allow a
   * certificate. Never throws because of the network.
   */
  checkCaa(request: CaaRequest): Promise<CaaRefusal | null>;
  /** Never throws because of the network or the peer; `signal` ends it early. */
  validate(request: ValidationRequest, signal?: AbortSignal): Promise<ValidationResult>;
}

export interface Examiner {
  /** Examines a name with the code of a validation and reports every step. */
  examine(name: Pick<ValidationRequest, 'identifier' | 'wildcard'>): Promise<Observation[]>;
}
