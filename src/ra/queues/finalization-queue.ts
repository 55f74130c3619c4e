import { CaRefused, CaUnavailable, type IssuedCertificate, type IssuingCa } from '../../model/ca.js';
import type { Certificate, Order } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import type { ClaimedFinalization } from '../../store/contract/ra/orders.js';
import type { RaStore } from '../../store/contract/ra.js';
import { parseLeaf } from '../leaf.js';
import { type QueueSurroundings, WorkQueue } from './work-queue.js';

/** Concurrent requests to the CA; the channel pipelines them. */
const CAPACITY = 256;
/**
 * The lease, in ms. It is longer than the default timeouts of two CAs (UPKI_ZMQ_TIMEOUT), and an order of a crashed runner waits at
 * most this long. With a longer timeout, a second runner may send the same request; the CA returns the same certificate.
 */
const LEASE = 15_000;
/** Pauses while the CA is unavailable, in ms; the last one repeats. The queue notices within seconds that the CA is back. */
const RETRY_PAUSES = [1_000, 2_000, 4_000];

/** `again`: the order was claimed from the store, so an earlier request for it may have reached the CA. */
interface Finalization extends ClaimedFinalization {
  again: boolean;
}

/**
 * The outcome of an order that was submitted. `queued`: the queue was full, and the request to the CA will follow. A Problem: the CA
 * refused the CSR (for example because its key was just reported as compromised), and the order is ready for another CSR.
 */
type FinalizeOutcome = 'issued' | 'refused' | 'deferred' | 'queued' | Problem;

interface FinalizationQueueOptions extends QueueSurroundings {
  store: RaStore;
  ca: IssuingCa;
  /** Why an order that waited for the CA may not get its certificate any more; null when it may. */
  refusal(order: Order): Promise<Problem | null>;
  /** Called for every issuance, refusal and deferral. */
  onOutcome(order: Order, outcome: 'issued' | 'refused' | 'deferred', detail: string): void;
}

/**
 * RFC 8555 §7.4: an order whose CSR was accepted ends with a certificate or an error, even if this process, the channel or the CA fails
 * in between. Requests to our CA are idempotent: it returns the same certificate for the same order. For other CAs, a repeated request
 * is marked with `mayHaveIssuedSince`.
 */
export class FinalizationQueue {
  readonly #options: FinalizationQueueOptions;
  readonly runner: WorkQueue<Finalization, FinalizeOutcome>;

  constructor(options: FinalizationQueueOptions) {
    this.#options = options;
    const { soleRunner, clock, onError } = options;
    this.runner = new WorkQueue({
      claim: async (now, leaseUntil, limit) => {
        const claimed = await options.store.claimFinalizations(now, leaseUntil, limit);
        return claimed.map((each) => ({ ...each, again: true }));
      },
      run: (claimed) => this.#issue(claimed),
      capacity: CAPACITY,
      lease: LEASE,
      ...{ soleRunner, clock, onError },
    });
  }

  /** Stores the CSR and requests the certificate. Null: the order was no longer ready, and nothing was done. */
  async submit(order: Order, csr: Uint8Array): Promise<FinalizeOutcome | null> {
    if (!(await this.#options.store.beginFinalize(order.id, csr, this.runner.leaseForNew()))) return null;
    return (await this.runner.execute({ order: { ...order, csr }, attempts: 0, again: false })) ?? 'queued';
  }

  async #issue({ order, attempts, again }: Finalization): Promise<FinalizeOutcome> {
    const { store, ca, clock, onOutcome } = this.#options;
    if (!order.csr) throw new Error(`order ${order.id} was claimed for issuance without a CSR`);
    try {
      const refused = again ? await this.#refusal(order) : null;
      if (refused !== null) {
        await store.failOrder(order.id, refused.toDocument());
        onOutcome(order, 'refused', refused.detail);
        return 'refused';
      }
      const issued = await ca.issue({
        orderId: order.id,
        accountId: order.accountId,
        profile: order.profile,
        identifiers: order.identifiers,
        csr: order.csr,
        notBefore: order.notBefore,
        notAfter: order.notAfter,
        ...(again && { mayHaveIssuedSince: order.createdAt }),
      });
      await store.recordIssuance(order.id, certificateOf(order, issued));
      onOutcome(order, 'issued', issued.serial);
      return 'issued';
    } catch (error) {
      if (error instanceof CaUnavailable) {
        const retryAt = clock() + (RETRY_PAUSES[Math.min(attempts, RETRY_PAUSES.length - 1)] ?? 0);
        await store.deferFinalize(order.id, retryAt);
        this.runner.wakeAt(retryAt);
        onOutcome(order, 'deferred', error.message);
        return 'deferred';
      }
      if (error instanceof CaRefused) {
        const problem = refusal(error);
        // §7.4: the client has no reply yet, so the order may become ready again. An order that was shown as processing may not
        // (§7.1.6).
        if (problem.type === 'badCSR' && !again && (await store.returnOrder(order.id))) {
          onOutcome(order, 'refused', error.message);
          return problem;
        }
        await store.failOrder(order.id, problem.toDocument());
        onOutcome(order, 'refused', error.message);
        return 'refused';
      }
      throw error;
    }
  }

  /**
   * Null also when the CA has issued for the order already: its certificate must be recorded, so that it can be revoked. A CA that cannot
   * say whether it has is asked for the certificate as before.
   */
  async #refusal(order: Order): Promise<Problem | null> {
    const { refusal, ca } = this.#options;
    const refused = await refusal(order);
    if (refused === null || (await (ca.hasIssued?.(order.id) ?? true))) return null;
    return refused;
  }
}

/** The client's problem when the CA refuses. It has the CA's message only if that is about the client's request. */
export function refusal(error: CaRefused): Problem {
  if (error.kind === 'badCSR' || error.kind === 'rejectedIdentifier')
    return new Problem(error.kind, error.message);
  return new Problem('serverInternal', 'the certificate authority refused to issue for this order');
}

function certificateOf(order: Order, issued: IssuedCertificate): Certificate {
  const leaf = parseLeaf(issued.chain);
  return {
    // An order never has more than one certificate, so the certificate's id is the order's.
    id: order.id,
    orderId: order.id,
    accountId: order.accountId,
    serial: leaf.serial,
    ariId: leaf.ariId,
    fingerprint: leaf.fingerprint,
    identifiers: order.identifiers,
    chain: issued.chain,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    revokedAt: null,
    revocationReason: null,
    replacedBy: null,
  };
}
