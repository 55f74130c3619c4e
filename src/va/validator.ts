import { AddressSet, DEFAULT_DENY } from './address-policy.js';
import { type Attempt, newAttempt } from './attempt.js';
import { CaaChecker, type CaaOptions } from './caa.js';
import { Deadline } from './deadline.js';
import { Dialer } from './dialer.js';
import { createResolver, type Resolver } from './dns/resolver.js';
import type { DnsServer } from './dns/server.js';
import type { SystemFiles } from './dns/system-names.js';
import { validateDns01 } from './dns-01.js';
import { validateDnsAccount01 } from './dns-account-01.js';
import { type DnsPersistOptions, validateDnsPersist01 } from './dns-persist-01.js';
import { examine } from './examine.js';
import { ValidationFailure } from './failure.js';
import { validateHttp01 } from './http-01.js';
import { validateTlsAlpn01 } from './tls-alpn-01.js';
import type { CaaRefusal, Examiner, ValidationRequest, Validator } from './types.js';

export interface ValidatorOptions {
  /** DNS servers; empty: those of the system. */
  resolvers?: DnsServer[];
  /** The system's files of hosts and resolvers; for tests. */
  system?: SystemFiles;
  /** The port of http-01 (RFC 8555 §8.3: 80). */
  httpPort?: number;
  /** The port of tls-alpn-01 (RFC 8737 §3: 443). */
  tlsPort?: number;
  /** CIDRs never dialed; the default protects link-local and cloud metadata. */
  deny?: readonly string[];
  caa?: CaaOptions;
  /** How dns-persist-01 is judged; refused when absent. */
  dnsPersist?: DnsPersistOptions;
  /** Time limit of an attempt in ms, as other authorities have it. */
  timeout?: number;
  userAgent?: string;
  clock?(): number;
  /** Called when DNS servers stop answering, and when one answers again. */
  onDnsSilence?(isSilent: boolean): void;
}

const DEFAULT_TIMEOUT = 10_000;

/** A validator that monitors its DNS servers in the background. */
export interface RunningValidator extends Validator, Examiner {
  /** True while no DNS server answers. */
  readonly isDnsSilent: boolean;
  start(): void;
  stop(): void;
}

/** Assembles a validator. @throws Error naming a CIDR that is none */
export function createValidator(options: ValidatorOptions = {}): RunningValidator {
  const now = options.clock ?? Date.now;
  const { resolvers: servers = [], system, onDnsSilence: onSilence } = options;
  const resolver = createResolver({ servers, ...(system && { system }), ...(onSilence && { onSilence }) });
  const dialer = new Dialer(resolver, new AddressSet(options.deny ?? DEFAULT_DENY));
  const caaOptions = options.caa ?? { mode: 'lenient', identities: [] };
  const caa = new CaaChecker(resolver, caaOptions, now);
  const http = {
    port: options.httpPort ?? 80,
    tlsPort: options.tlsPort ?? 443,
    userAgent: options.userAgent ?? 'upki-validator',
  };
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;

  const asked = servers.map((server) => ({
    name: `${server.host}:${server.port}`,
    resolver: createResolver({ servers: [server], ...(system && { system }) }),
  }));
  const examiner = {
    resolvers: asked.length > 0 ? asked : [{ name: "the system's resolvers", resolver }],
    ...{ resolver, dialer, http, timeout, now, caa: caaOptions },
  };

  return {
    examine: (name) => examine(name, examiner),

    async validate(request, signal) {
      const deadline = new Deadline(timeout);
      if (signal?.aborted) deadline.end();
      else signal?.addEventListener('abort', deadline.end);
      const attempt = newAttempt(deadline, now);
      const proof = prove(request, { dialer, resolver, http, dnsPersist: options.dnsPersist }, attempt);
      const permission = caa.check(request, deadline);
      const [proven, permitted] = await Promise.allSettled([proof, permission]);
      deadline.release();
      signal?.removeEventListener('abort', deadline.end);
      const { records: attempts } = attempt;
      // CAA is reported first: it forbids issuance whether or not control was proven, and a retry does not help.
      if (permitted.status === 'rejected') return { ok: false, ...failureOf(permitted.reason), attempts };
      if (proven.status === 'rejected') return { ok: false, ...failureOf(proven.reason), attempts };
      return { ok: true, attempts, ...(proven.value !== null && { until: proven.value }) };
    },

    async checkCaa(request) {
      const deadline = new Deadline(timeout);
      try {
        await caa.check(request, deadline);
        return null;
      } catch (error) {
        return failureOf(error);
      } finally {
        deadline.release();
      }
    },

    get isDnsSilent() {
      return resolver.isSilent;
    },
    start() {
      if (caaOptions.mode === 'lenient') resolver.probe();
    },
    stop: () => resolver.stop(),
  };
}

interface Means {
  dialer: Dialer;
  resolver: Resolver;
  http: { port: number; tlsPort: number; userAgent: string };
  dnsPersist: DnsPersistOptions | undefined;
}

/** @returns the expiry of the proof, ms since the epoch, if the challenge sets one; else null */
async function prove(request: ValidationRequest, means: Means, attempt: Attempt): Promise<number | null> {
  const { dialer, resolver, http, dnsPersist } = means;
  switch (request.type) {
    case 'http-01':
      await validateHttp01(request, dialer, http, attempt);
      return null;
    case 'dns-01':
      await validateDns01(request, resolver, attempt);
      return null;
    case 'tls-alpn-01':
      await validateTlsAlpn01(request, dialer, http.tlsPort, attempt);
      return null;
    case 'dns-account-01':
      await validateDnsAccount01(request, resolver, attempt);
      return null;
    case 'dns-persist-01':
      // It was offered before the operator switched it off.
      if (!dnsPersist)
        throw new ValidationFailure('unauthorized', 'dns-persist-01 is not offered any more', false);
      return validateDnsPersist01(request, resolver, dnsPersist, attempt);
  }
}

function failureOf(reason: unknown): CaaRefusal {
  if (reason instanceof ValidationFailure) {
    const { type, detail, retryable } = reason;
    return { type, detail, retryable };
  }
  // An internal error, reported without its message.
  return { type: 'serverInternal', detail: 'the validation could not be carried out', retryable: true };
}
