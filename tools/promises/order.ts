import { setTimeout as pause } from 'node:timers/promises';
import { AcmeError, type AuthorizationBody } from '../kit/acme-bodies.js';
import { createCsr } from '../kit/csr.js';
import { signingKey } from '../kit/jws-signer.js';
import type { Chance } from './chance.js';
import type { PromisedOrder } from './promised-order.js';
import { Abandoned } from './requests.js';
import type { World } from './world.js';

/** Milliseconds between two polls. Retry-After has whole seconds, which is too slow for a round. */
const LOOK_EVERY = 60;

/** Takes one order from step to step, as its client. Any step may be the first. Steps throw `Abandoned`. */
export class OrderSteps {
  constructor(
    private readonly world: World,
    private readonly order: PromisedOrder,
    private readonly chance: Chance,
    /** Called before every request; false abandons the order where it is. */
    private readonly going: () => boolean,
  ) {}

  async read(): Promise<void> {
    const { order } = this;
    order.saw(await this.#ask(`read ${order.url}`, () => this.#client.order(order.url)));
  }

  /** Answers every challenge that is still pending (§7.5.1). */
  async answerChallenges(): Promise<void> {
    const { order, world } = this;
    if (order.body.status !== 'pending') return;
    const { challenge: type, conduct } = order.plan;
    const misses = conduct === 'late' ? (this.chance.happens(0.9) ? 1 : 2) : 0;
    for (const url of order.body.authorizations) {
      const { status, challenges, identifier } = await this.#authorization(url);
      const challenge = challenges.find((each) => each.type === type);
      if (status !== 'pending' || challenge?.status !== 'pending') continue;
      const { token } = challenge;
      const keyAuthorization = this.#client.keyAuthorization(token);
      world.network.put({ type, name: identifier.value, token, keyAuthorization, misses });
      order.sawAnswered(
        url,
        await this.#ask(`answer ${challenge.url}`, () => this.#client.respond(challenge.url)),
      );
    }
  }

  /** Waits until the server has ended every authorization; then reads the order. */
  async awaitAuthorizations(): Promise<void> {
    const { order } = this;
    if (order.body.status !== 'pending') return;
    for (const url of order.body.authorizations) {
      for (;;) {
        const { status, challenges } = await this.#authorization(url);
        if (status === 'invalid') return this.read();
        if (status !== 'pending') break;
        if (!challenges.some((each) => each.status === 'processing')) return this.read();
        await this.#look();
      }
    }
    await this.read();
  }

  /** §7.4; sometimes with two concurrent requests with different keys, one of which must be refused. */
  async finalize(): Promise<void> {
    if (this.order.body.status !== 'ready') return;
    const isFirst = this.order.requests.length === 0;
    if (!isFirst || !this.chance.happens(0.1)) {
      await this.#finalize(this.#request(), false);
      return;
    }
    const csrs = [this.#newRequest(), this.#newRequest()];
    const answers = await Promise.allSettled(csrs.map((csr) => this.#finalize(csr, true)));
    const accepted = answers.filter((answer) => answer.status === 'fulfilled' && answer.value);
    if (accepted.length > 1) {
      this.world.ledger.report('doubled', `${this.order.url} was finalized by two requests`);
    }
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async awaitCertificate(): Promise<void> {
    while (this.order.body.status === 'processing') {
      await this.#look();
      await this.read();
    }
  }

  /** §7.4.2 */
  async download(): Promise<void> {
    const { order, world } = this;
    const { certificate } = order.body;
    if (certificate === undefined) return;
    world.ledger.sawChain(
      order,
      await this.#ask(`download ${certificate}`, () => this.#client.download(certificate)),
    );
  }

  /** §7.6, by the account or by the certificate's key; a revocation that was requested before is repeated unchanged. */
  async revoke(reason: number | undefined): Promise<void> {
    const { order } = this;
    const { chain, leaf } = order;
    if (chain === null || leaf === null) return;
    const repeated = order.revocation !== null;
    const promised = order.revocation?.promised ?? false;
    order.revocation ??= { reason, promised: false };
    const given = order.revocation.reason;
    const key = order.keyOf(leaf);
    const byKey = key !== undefined && this.chance.happens(0.3);
    const answer = await this.#askExpecting(`revoke ${order.url}`, repeated ? ['alreadyRevoked'] : [], () =>
      this.#client.revoke(chain, {
        ...(given !== undefined && { reason: given }),
        ...(byKey && { certificateKey: signingKey(key, 'ES256') }),
      }),
    );
    if (promised && !(answer instanceof AcmeError)) {
      this.world.ledger.report('lost', `the revocation of ${order.url}: it could be revoked again`);
    }
    order.revocation.promised = true;
  }

  /** Repeats a revocation request. */
  async revokeAgain(): Promise<void> {
    if (this.order.revocation !== null) await this.revoke(this.order.revocation.reason);
  }

  get #client() {
    return this.world.clientOf(this.order.account);
  }

  async #authorization(url: string): Promise<AuthorizationBody> {
    const body = await this.#ask(`read ${url}`, () => this.#client.authz(url));
    this.order.sawAuthorization(url, body);
    return body;
  }

  /** The CSR that was sent before, or another one: clients differ in this. */
  #request(): Buffer {
    const [before] = this.order.requests;
    return before && this.chance.happens(0.5) ? before.csr : this.#newRequest();
  }

  #newRequest(): Buffer {
    const { plan, requests } = this.order;
    const { der: csr, key } = createCsr(plan.names);
    requests.push({ csr, key });
    return csr;
  }

  /** Whether finalize was accepted. */
  async #finalize(csr: Buffer, mayBeLate: boolean): Promise<boolean> {
    const { order } = this;
    const answer = await this.#askExpecting(`finalize ${order.url}`, mayBeLate ? ['orderNotReady'] : [], () =>
      this.#client.finalize(order, csr),
    );
    if (answer instanceof AcmeError) return false;
    order.saw(answer);
    return true;
  }

  async #look(): Promise<void> {
    await pause(LOOK_EVERY);
  }

  #ask<T>(what: string, request: () => Promise<T>): Promise<T> {
    this.#proceed();
    return this.world.requests.ask(what, request);
  }

  #askExpecting<T>(what: string, refusals: string[], request: () => Promise<T>): Promise<T | AcmeError> {
    this.#proceed();
    return this.world.requests.askExpecting(what, refusals, request);
  }

  #proceed(): void {
    if (!this.going()) throw new Abandoned('it is time to stop');
  }
}
