import { AddressPolicy, DEFAULT_DENY } from './address-policy.js';
import { CaaChecker, type CaaOptions } from './caa.js';
import { Deadline } from './deadline.js';
import { type Attempt, Dialer } from './dialer.js';
import { createResolver, type Resolver } from './dns/resolver.js';
import type { DnsServer } from './dns/server.js';
import { validateDns01 } from './dns-01.js';
import { ValidationFailure } from './failure.js';
import { validateHttp01 } from './http-01.js';
import { validateTlsAlpn01 } from './tls-alpn-01.js';
import type { ValidationRequest, ValidationResult, Validator } from './types.js';

export interface ValidatorOptions {
  /** Empty: the system's. */
  resolvers?: DnsServer[];
  /** What http-01 dials (RFC 8555 §8.3: 80). */
  httpPort?: number;
  /** What tls-alpn-01 dials (RFC 8737 §3: 443). */
  tlsPort?: number;
  /** CIDRs never dialed; the default protects link-local and cloud metadata. */
  deny?: readonly string[];
  caa?: CaaOptions;
  /** Milliseconds for one attempt in all. Other authorities allow as much; a page that slow is not up. */
  timeout?: number;
  userAgent?: string;
  clock?(): number;
}

const DEFAULT_TIMEOUT = 10_000;

/** Puts a validator together. @throws Error naming a CIDR that is none. */
export function createValidator(options: ValidatorOptions = {}): Validator {
  const now = options.clock ?? Date.now;
  const resolver = createResolver(options.resolvers ?? []);
  const dialer = new Dialer(resolver, new AddressPolicy(options.deny ?? DEFAULT_DENY));
  const caa = new CaaChecker(resolver, options.caa ?? { mode: 'lenient', identities: [] }, now);
  const http = {
    port: options.httpPort ?? 80,
    tlsPort: options.tlsPort ?? 443,
    userAgent: options.userAgent ?? 'upki-validator',
  };
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;

  return {
    async validate(request, signal) {
      const deadline = new Deadline(timeout);
      if (signal?.aborted) deadline.end();
      else signal?.addEventListener('abort', deadline.end);
      const attempt: Attempt = { deadline, records: [], now };
      const proof = prove(request, dialer, resolver, http, attempt);
      const permission = caa.check(request, deadline);
      const [proven, permitted] = await Promise.allSettled([proof, permission]);
      deadline.release();
      signal?.removeEventListener('abort', deadline.end);
      // A name that forbids issuance forbids it whether or not control was shown, and trying again changes nothing.
      if (permitted.status === 'rejected') return failed(permitted.reason, attempt);
      return proven.status === 'rejected'
        ? failed(proven.reason, attempt)
        : { ok: true, attempts: attempt.records };
    },
  };
}

function prove(
  request: ValidationRequest,
  dialer: Dialer,
  resolver: Resolver,
  http: { port: number; tlsPort: number; userAgent: string },
  attempt: Attempt,
): Promise<void> {
  switch (request.type) {
    case 'http-01':
      return validateHttp01(request, dialer, http, attempt);
    case 'dns-01':
      return validateDns01(request, resolver, attempt);
    case 'tls-alpn-01':
      return validateTlsAlpn01(request, dialer, http.tlsPort, attempt);
  }
}

function failed(reason: unknown, attempt: Attempt): ValidationResult {
  const { records: attempts } = attempt;
  if (reason instanceof ValidationFailure) {
    return { ok: false, type: reason.type, detail: reason.detail, retryable: reason.retryable, attempts };
  }
  // Not the peer's doing: a fault of ours, told without its inner text.
  return {
    ok: false,
    type: 'serverInternal',
    detail: 'the validation could not be carried out',
    retryable: true,
    attempts,
  };
}
