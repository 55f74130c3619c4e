import { type AcmeProfile, CaRefused, CaUnavailable, type CertificateAuthority } from '../model/ca.js';
import type { Account, OrderAndAuthorizations } from '../model/facts.js';
import { Problem, RETRY_AFTER } from '../model/problem.js';
import { orderStatus } from '../model/status.js';
import { type EntitlementOptions, requireEntitled } from './account-entitlement.js';
import type { Accounts } from './accounts.js';
import { type CaaRecheckOptions, recheckCaa } from './caa-recheck.js';
import { checkCsr } from './csr-rules.js';
import { type FailureLog, noting } from './failure-log.js';
import type { Limits } from './limits/limits.js';
import type { NamePolicy } from './name-policy.js';
import type { Orders } from './orders.js';
import { checkProofs } from './policy.js';
import { type FinalizationQueue, refusal } from './queues/finalization-queue.js';

interface FinalizationsOptions extends CaaRecheckOptions, EntitlementOptions {
  ca: Pick<CertificateAuthority, 'profiles' | 'check'>;
  accounts: Pick<Accounts, 'requireGoodKey'>;
  orders: Pick<Orders, 'get'>;
  queue: Pick<FinalizationQueue, 'submit'>;
  limits: Limits;
  names: NamePolicy;
  failures: FailureLog;
  isCompromised(spkiFingerprint: string): boolean;
  /** Resolves when `isCompromised` knows the keys that other RAs of the store reported; absent without other RAs. */
  knowCompromised?(): Promise<void>;
}

interface FinalizeRequest {
  from: string;
  ahead?: Promise<OrderAndAuthorizations | null> | undefined;
}

/** RFC 8555 §7.4: finalizes a ready order with a CSR. */
export class Finalizations {
  constructor(private readonly options: FinalizationsOptions) {}

  /**
   * Resolves with the order, valid or processing. `from` is the client's address, for limits; `ahead` is the order if it is
   * already being read.
   * @throws Problem; 503 `serverInternal` with retryAfter while the CA is unreachable, and the order stays
   */
  finalize(
    account: Account,
    orderId: string,
    csr: Uint8Array,
    by: FinalizeRequest,
  ): Promise<OrderAndAuthorizations> {
    return noting(this.#finalize(account, orderId, csr, by), (problem) => {
      if (problem.type !== 'badCSR') return;
      this.options.failures.refusedOrder(problem, account.id, [`order ${orderId}`], 'finalize');
    });
  }

  async #finalize(
    account: Account,
    orderId: string,
    csr: Uint8Array,
    { from, ahead }: FinalizeRequest,
  ): Promise<OrderAndAuthorizations> {
    const { accounts, orders, queue, limits, isCompromised, clock } = this.options;
    await this.options.knowCompromised?.();
    accounts.requireGoodKey(account);
    const found = await orders.get(account, orderId, ahead);
    const { order, authorizations } = found;
    const status = orderStatus(order, authorizations, clock());
    if (status !== 'ready') {
      // The client got 503 for the same request before; a repetition is not a second finalize.
      if (order.finalizeDeferred && order.csr && Buffer.compare(order.csr, csr) === 0) return found;
      throw new Problem('orderNotReady', `the order is ${status}; only a ready order can be finalized`);
    }
    // The rules may have changed since the order was made.
    await requireEntitled(this.options, account, order.identifiers);
    this.options.names.check(order.identifiers);
    const profile = await this.#profile(order.profile);
    checkCsr(csr, order.identifiers, account, isCompromised, profile);
    checkProofs(authorizations, profile);
    await recheckCaa(account, authorizations, this.options);
    await this.#checkWithCa({ csr, identifiers: order.identifiers });
    const outcome = await queue.submit(order, csr);
    if (outcome instanceof Problem) throw outcome;
    if (outcome === 'issued') {
      await limits.issuedTo(order, from);
      return { order: { ...order, csr, certificateId: order.id }, authorizations };
    }
    if (outcome === null)
      throw new Problem('orderNotReady', 'another request finalized the order, or ended the account');
    if (outcome === 'deferred') {
      throw new Problem(
        'serverInternal',
        'the certificate authority cannot be reached; the order is kept and will be completed when it is back',
        { status: 503, retryAfter: RETRY_AFTER },
      );
    }
    return orders.get(account, orderId);
  }

  /** The order's profile; null while the CA is unreachable and no answer is cached. The CA checks the key again. */
  async #profile(name: string): Promise<AcmeProfile | null> {
    try {
      return (await this.options.ca.profiles()).find((profile) => profile.name === name) ?? null;
    } catch (error) {
      if (error instanceof CaUnavailable) return null;
      throw error;
    }
  }

  /** Refuses a CSR that the CA would refuse, so that the order can still be finalized with another one. @throws Problem */
  async #checkWithCa(request: Parameters<NonNullable<CertificateAuthority['check']>>[0]): Promise<void> {
    try {
      await this.options.ca.check?.(request);
    } catch (error) {
      throw error instanceof CaRefused ? refusal(error) : error;
    }
  }
}
