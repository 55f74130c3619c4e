import type { FastifyRequest } from 'fastify';
import { addressOf, peerOf } from '../http/peer.js';
import { Problem } from '../model/problem.js';
import { Refused, refusedOf } from '../model/refusal.js';
import type { AuditLog } from '../ra/audit-log.js';
import { parseCertificate } from '../x509/certificate.js';
import { formatDn } from '../x509/name.js';
import type { Caller } from './access.js';
import { FileAnswer, type Route } from './route.js';

/**
 * Writes one request to the audit log: every action of a private or client route, or of a public route that
 * declares `audited`; every refused action; and every refusal of a caller who was not entitled. Reads leave
 * no trace.
 */
export class RequestAudit {
  #caller: Caller | null = null;
  #details: Record<string, string> = {};

  constructor(
    private readonly route: Route,
    private readonly request: FastifyRequest,
    private readonly log: AuditLog,
  ) {}

  admitted(caller: Caller | null): void {
    this.#caller = caller;
  }

  /** Adds the parameters of the path, which are logged whatever the outcome. */
  asked(parameters: unknown): void {
    for (const [name, value] of Object.entries(parameters ?? {})) this.#details[name] = String(value);
  }

  /** Resolves when it is on disk. @throws StoreUnavailable */
  async done(body: unknown, answer: unknown): Promise<void> {
    if (!changesSomething(this.route)) return;
    const told = answer instanceof FileAnswer ? answer.audited : (this.route.audited?.(body, answer) ?? {});
    await this.log.done({ ...this.#event(), details: { ...this.#details, ...told } });
  }

  refused(error: unknown): void {
    const outcome = outcomeOf(error);
    const notEntitled = outcome === 'unauthenticated' || outcome === 'forbidden';
    if (changesSomething(this.route) || (notEntitled && this.route.access !== 'public'))
      this.#refuse(outcome);
  }

  #refuse(outcome: string): void {
    const identified = this.#caller !== null || presented(this.request) !== null;
    this.log.refused({ ...this.#event(), outcome, details: this.#details, identified });
  }

  #event() {
    const { method, path } = this.route;
    return { who: this.#who(), from: addressOf(this.request), action: `${method} ${path}` };
  }

  #who(): string {
    if (this.#caller !== null) return this.#caller.certificate.dn;
    const identity = presented(this.request);
    return identity === null ? 'nobody' : formatDn(parseCertificate(identity.certificate).subject);
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof Refused) return error.code;
  return error instanceof Problem ? refusedOf(error).code : 'failed';
}

/** Whether a request does more than read: a public POST that is not audited, such as OCSP, reads. */
export function changesSomething({ access, method, audited }: Route): boolean {
  return method !== 'GET' && (access !== 'public' || audited !== undefined);
}

/** Null also when it cannot be known just now. */
function presented(request: FastifyRequest) {
  try {
    return peerOf(request).identity;
  } catch {
    return null;
  }
}
