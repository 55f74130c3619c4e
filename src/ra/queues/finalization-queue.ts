import { CaRefused, CaUnavailable, type IssuedCertificate, type IssuingCa } from '../../model/ca.js';
import type { Certificate, Order } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import type { ClaimedFinalization, RaStore } from '../../store/contract/ra.js';
import { parseLeaf } from '../leaf.js';
import { type QueueSurroundings, WorkQueue } from './work-queue.js';

/** Concurrent requests to the CA; the channel pipelines them. */
const CAPACITY = 256;
/**
 * The lease, in ms: longer than two CAs may take by default (UPKI_ZMQ_TIMEOUT), and the longest an order of a
 * dead runner waits. With a longer timeout a second runner may ask as well: it gets the same certificate.
 */
const LEASE = 15_000;
/**
 * Pauses while the CA is unavailable, in ms; the last one repeats. A returning CA is noticed within seconds.
 */
const RETRY_PAUSES = [1_000, 2_000, 4_000];

/** `again`: the store handed the order out, so an earlier request for it may have reached the CA. */
interface Finalization extends ClaimedFinalization {
  again: boolean;
}

/**
 * The outcome of an order handed to the CA. `queued`: none yet, there was no room to ask at once. A Problem:
 * the CA refused the CSR (its key was just compromised, say), and the order is ready for another.
 */
type FinalizeOutcome = 'issued' | 'refused' | 'deferred' | 'queued' | Problem;

interface FinalizationQueueOptions extends QueueSurroundings {
  store: RaStore;
  ca: IssuingCa;
  /** Called for every issuance, refusal and deferral. */
  onOutcome(order: Order, outcome: 'issued' | 'refused' | 'deferred', detail: string): void;
}

/**
 * RFC 8555 §7.4: orders whose CSR was accepted get their certificate, or an error, whatever happens to this
 * process, the channel or the CA in between. Our CA answers the same order with the same certificate, so asking
 * again is safe; for one that does not, the request says that it may be a repetition.
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

  /** Accepts the CSR and asks the CA. Null: the order was no longer ready, and nothing was done. */
  async submit(order: Order, csr: Uint8Array): Promise<FinalizeOutcome | null> {
    if (!(await this.#options.store.beginFinalize(order.id, csr, this.runner.leaseForNew()))) return null;
    return (await this.runner.execute({ order: { ...order, csr }, attempts: 0, again: false })) ?? 'queued';
  }

  async #issue({ order, attempts, again }: Finalization): Promise<FinalizeOutcome> {
    const { store, ca, clock, onOutcome } = this.#options;
    if (!order.csr) throw new Error(`order ${order.id} was claimed for issuance without a CSR`);
    try {
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
        // §7.4: the client has not been answered yet. Once it was told that the order is processing, the
        // order cannot become ready again (§7.1.6).
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
}

/**
 * What the client is told when the CA refuses: the CA's own words only where they are about the client's
 * request.
 */
export function refusal(error: CaRefused): Problem {
  if (error.kind === 'badCSR' || error.kind === 'rejectedIdentifier')
    return new Problem(error.kind, error.message);
  return new Problem('serverInternal', 'the certificate authority refused to issue for this order');
}

function certificateOf(order: Order, issued: IssuedCertificate): Certificate {
  const leaf = parseLeaf(issued.chain);
  return {
    // An order has one certificate, ever: its id is the order's.
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
