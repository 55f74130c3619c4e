import type { FastifyRequest } from 'fastify';
import { addressOf, peerName } from '../http/peer.js';
import { outcomeOf } from '../model/refusal.js';
import type { AuditLog } from '../ra/audit-log.js';
import type { Caller } from './access.js';
import { FileAnswer, type Route } from './route.js';

/**
 * Writes one request to the audit log. Logged are the actions of private and client routes and of public routes that declare
 * `audited`, refused actions, and refusals of callers who are not entitled. Reads are not logged.
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

  /** Adds the parameters of the path, which are logged with any outcome. */
  asked(parameters: unknown): void {
    for (const [name, value] of Object.entries(parameters ?? {})) this.#details[name] = String(value);
  }

  /** Logs a success; resolves when the record is on disk. @throws StoreUnavailable */
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
    const event = this.#event();
    this.log.refused({ ...event, outcome, details: this.#details, identified: event.who !== NOBODY });
  }

  #event() {
    const { method, path } = this.route;
    const who = this.#caller?.certificate.dn ?? peerName(this.request) ?? NOBODY;
    return { who, from: addressOf(this.request), action: `${method} ${path}` };
  }
}

/** The caller of a request without a client certificate. */
const NOBODY = 'nobody';

/** Whether a request does more than read: a public POST that is not audited, such as OCSP, reads. */
export function changesSomething({ access, method, audited }: Route): boolean {
  return method !== 'GET' && (access !== 'public' || audited !== undefined);
}
