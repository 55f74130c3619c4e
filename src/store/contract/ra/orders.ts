import type { Authorization, Certificate, Order, OrderAndAuthorizations } from '../../../model/facts.js';
import type { ProblemDocument } from '../../../model/problem.js';

/** An order whose finalize was accepted and that has neither a certificate nor an error yet. */
export interface ClaimedFinalization {
  order: Order;
  attempts: number;
}

/** RFC 8555 §7.4. */
export interface Orders {
  /**
   * Stores the order and its new authorizations. An authorization `provenBy` a node that is no longer registered is
   * stored revoked, at its creation. With `replaces`, marks the predecessor certificate as replaced; false when
   * another order replaced it already (RFC 9773 §5).
   */
  createOrder(order: Order, newAuthorizations: Authorization[]): Promise<boolean>;
  /**
   * RFC 9773 §5: the certificate (by its ARI id) may be replaced again, if this order replaced it. The order is
   * invalid or deleted.
   */
  releaseReplaced(ariId: string, orderId: string): Promise<void>;
  getOrder(id: string): Promise<OrderAndAuthorizations | null>;
  /** §7.1.2.1: ids of the account's orders, newest first, after the given id, without expired unfinished orders. */
  listOrderIds(
    accountId: string,
    page: { after: string | null; limit: number; now: number },
  ): Promise<string[]>;
  /**
   * Accepts the CSR if the order has none yet and neither error nor certificate, and its account has not ended. The
   * caller holds the lease until `leaseUntil`.
   */
  beginFinalize(orderId: string, csr: Uint8Array, leaseUntil: number): Promise<boolean>;
  /** The CA could not be reached: records that the client was informed, and when to try again. */
  deferFinalize(orderId: string, retryAt: number): Promise<void>;
  /** Orders that are being finalized and whose lease or retry time is past; leases them to the caller. */
  claimFinalizations(now: number, leaseUntil: number, limit: number): Promise<ClaimedFinalization[]>;
  failOrder(orderId: string, error: ProblemDocument): Promise<boolean>;
  /**
   * §7.4: the CSR was not acceptable; the order is as before it. False when the order has a certificate or an error.
   */
  returnOrder(orderId: string): Promise<boolean>;
  /** Stores the certificate of the order; false, and nothing is stored, when the order already has one. */
  recordIssuance(orderId: string, certificate: Certificate): Promise<boolean>;
}
