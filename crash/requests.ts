import { AcmeError } from '../test/support/acme-client.js';
import type { Report } from './findings.js';
import type { Outages } from './outages.js';

/** The request was not answered, or answered as it should not have been: what led to it cannot go on. */
export class Abandoned extends Error {}

/** Sends requests, counts them, and judges every answer that is not a success. */
export class Requests {
  sent = 0;
  /** Without an answer, or with a 503, while a program was down: nothing was promised. */
  unanswered = 0;

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

  /** A refusal of one of these problem types is an answer like any other. @throws Abandoned */
  async askExpecting<T>(
    what: string,
    refusals: readonly string[],
    request: () => Promise<T>,
  ): Promise<T | AcmeError> {
    const since = this.now();
    this.sent++;
    try {
      return await request();
    } catch (error) {
      if (error instanceof AcmeError && refusals.includes(error.type)) return error;
      if (this.#excused(error, since)) this.unanswered++;
      else this.report('unexpected', `${what}: ${error instanceof Error ? error.message : error}`);
      throw new Abandoned(what, { cause: error });
    }
  }

  #excused(error: unknown, since: number): boolean {
    if (error instanceof AcmeError) {
      const says = error.status === 503 && error.headers['retry-after'] !== undefined;
      return says && this.outages.coveredSince(since, false);
    }
    return isLostConnection(error) && this.outages.coveredSince(since, true);
  }
}

const LOST = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOST.includes(String(error.code));
}
