import { AcmeError } from '../kit/acme-bodies.js';
import type { Report } from './findings.js';
import type { Outages } from './outages.js';

/** The request got no response, or a wrong one: the work that needs it cannot continue. */
export class Abandoned extends Error {}

/** Sends requests, counts them, and judges every failure. */
export class Requests {
  sent = 0;
  /** Requests without a response while that was excused: nothing was promised. */
  lost = 0;
  /** Requests with an excused 503. */
  refused = 0;
  /** Longest wait for such a 503, ms. */
  slowestRefusal = 0;
  /** Requests without a response yet, with the time of each. */
  readonly #underWay = new Map<symbol, { what: string; since: number }>();

  constructor(
    private readonly outages: Outages,
    private readonly report: Report,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws Abandoned */
  async ask<T>(what: string, request: () => Promise<T>): Promise<T> {
    const answer = await this.askExpecting(what, [], request);
    if (answer instanceof AcmeError) throw new Abandoned(answer.message);
    return answer;
  }

  /** The waiting requests in words, the longest first. */
  get waitingFor(): string[] {
    return [...this.#underWay.values()].map(
      ({ what, since }) => `${what}, since ${new Date(since).toISOString()}`,
    );
  }

  /** Returns a refusal with one of these problem types like any other response. @throws Abandoned */
  async askExpecting<T>(
    what: string,
    refusals: readonly string[],
    request: () => Promise<T>,
  ): Promise<T | AcmeError> {
    const since = this.now();
    this.sent++;
    const id = Symbol(what);
    this.#underWay.set(id, { what, since });
    try {
      return await request();
    } catch (error) {
      if (error instanceof AcmeError && refusals.includes(error.type)) return error;
      if (!this.#excused(error, since)) {
        const took = ((this.now() - since) / 1000).toFixed(1);
        this.report(
          'unexpected',
          `${what}, after ${took} s: ${error instanceof Error ? error.message : error}`,
        );
      }
      throw new Abandoned(what, { cause: error });
    } finally {
      this.#underWay.delete(id);
    }
  }

  #excused(error: unknown, since: number): boolean {
    if (isHonest(error) && this.outages.coveredSince(since, 'unavailable')) {
      this.refused++;
      this.slowestRefusal = Math.max(this.slowestRefusal, this.now() - since);
      return true;
    }
    if (isLostConnection(error) && this.outages.coveredSince(since, 'lost')) {
      this.lost++;
      return true;
    }
    return false;
  }
}

/** RFC 8555 §6.7: the response to a client that should retry. */
function isHonest(error: unknown): boolean {
  if (!(error instanceof AcmeError)) return false;
  const { status, type, headers } = error;
  return status === 503 && type === 'serverInternal' && headers['retry-after'] !== undefined;
}

const LOST = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOST.includes(String(error.code));
}
