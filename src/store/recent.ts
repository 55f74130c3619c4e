import { BoundedMap } from '../lib/bounded-map.js';
import type { Authorization, Certificate, ChallengeType, Order } from '../model/facts.js';
import type { RaStore } from './contract/ra.js';

/**
 * Most orders in the cache, each with its authorizations about 3 KiB; enough for the orders under way of a
 * busy authority.
 */
const MOST_ORDERS = 2_000;
/** An order has as many authorizations as names, nearly always one or two. */
const MOST_AUTHORIZATIONS = 2 * MOST_ORDERS;
/** Certificates in the cache; clients fetch them within moments. */
const MOST_CERTIFICATES = 500;

/** The newest entries, by id. */
class Recent<T> extends BoundedMap<string, T> {
  /** Changes a cached entry. */
  update(id: string, change: (entry: T) => T): void {
    const entry = this.get(id);
    if (entry !== undefined) this.set(id, change(entry));
  }

  deleteIf(isGone: (entry: T) => boolean): void {
    for (const [id, entry] of this) if (isGone(entry)) this.delete(id);
  }
}

/**
 * A store that caches the orders under way, so that the six reads of every issuance need no round trip to the
 * database. Only for a process that is the only writer of the database: it does not see the writes of others.
 *
 * Only committed writes fill the cache, never reads: a slow read could overwrite a newer value. The writes of
 * an issuance change the cache as they change the rows; every other write, and every failed one, evicts what
 * it may have touched.
 */
export function rememberRecent(store: RaStore): RaStore {
  const orders = new Recent<Order>(MOST_ORDERS);
  const authorizations = new Recent<Authorization>(MOST_AUTHORIZATIONS);
  const certificates = new Recent<Certificate>(MOST_CERTIFICATES);

  /** Applies a write to a cached entry, or evicts the entry when the outcome is unknown. */
  const after = async <R>(write: Promise<R>, forget: () => void, apply: (result: R) => void): Promise<R> => {
    try {
      const result = await write;
      apply(result);
      return result;
    } catch (error) {
      forget();
      throw error;
    }
  };
  const forgetting = <R>(write: Promise<R>, forget: () => void): Promise<R> => after(write, forget, forget);
  const remember = (authorization: Authorization) => authorizations.set(authorization.id, authorization);

  return {
    ...store,

    createOrder: (order, created) =>
      after(
        store.createOrder(order, created),
        () => certificates.clear(),
        (stored) => {
          if (!stored) return;
          // RFC 9773 §5: the predecessor is marked replaced.
          if (order.replaces !== null) certificates.clear();
          // Proofs of a node end with the node, in writes that do not name orders.
          if (created.some(({ provenBy }) => provenBy !== null)) return;
          orders.set(order.id, {
            ...order,
            csr: null,
            finalizeDeferred: false,
            error: null,
            certificateId: null,
          });
          created.forEach(remember);
        },
      ),
    releaseReplaced: (ariId, orderId) =>
      forgetting(store.releaseReplaced(ariId, orderId), () => certificates.clear()),
    async getOrder(id) {
      const order = orders.get(id);
      const proofs = order?.authorizationIds.map((each) => authorizations.get(each));
      if (!order || !proofs?.every((each) => each !== undefined)) return store.getOrder(id);
      return { order, authorizations: proofs };
    },
    beginFinalize: (id, csr, leaseUntil) =>
      after(
        store.beginFinalize(id, csr, leaseUntil),
        () => orders.delete(id),
        (begun) => begun && orders.update(id, (order) => ({ ...order, csr })),
      ),
    deferFinalize: (id, retryAt) => forgetting(store.deferFinalize(id, retryAt), () => orders.delete(id)),
    returnOrder: (id) => forgetting(store.returnOrder(id), () => orders.delete(id)),
    failOrder: (id, error) =>
      forgetting(store.failOrder(id, error), () => {
        orders.delete(id);
        certificates.clear();
      }),
    recordIssuance: (orderId, certificate) =>
      after(
        store.recordIssuance(orderId, certificate),
        () => orders.delete(orderId),
        (recorded) => {
          if (!recorded) return orders.delete(orderId);
          orders.update(orderId, (order) => ({ ...order, certificateId: certificate.id, error: null }));
          certificates.set(certificate.id, certificate);
        },
      ),

    createAuthorization: (authorization) =>
      after(
        store.createAuthorization(authorization),
        () => authorizations.delete(authorization.id),
        () => remember(authorization),
      ),
    getAuthorization: async (id) => authorizations.get(id) ?? store.getAuthorization(id),
    deactivateAuthorization: (id, at) =>
      forgetting(store.deactivateAuthorization(id, at), () => {
        authorizations.delete(id);
        certificates.clear();
      }),
    answerChallenge: (id, type, at, leaseUntil) =>
      after(
        store.answerChallenge(id, type, at, leaseUntil),
        () => authorizations.delete(id),
        (answered) => answered && authorizations.update(id, (each) => answeredAt(each, type, at)),
      ),
    recordAttempt: (id, type, error, retryAt) =>
      forgetting(store.recordAttempt(id, type, error, retryAt), () => authorizations.delete(id)),
    completeValidation: (id, type, result) =>
      after(
        store.completeValidation(id, type, result),
        () => {
          authorizations.delete(id);
          certificates.clear();
        },
        (completed) => {
          if (result.error !== null) certificates.clear();
          if (completed) authorizations.update(id, () => completed);
          else authorizations.delete(id);
        },
      ),

    async getCertificate(id) {
      const certificate = certificates.get(id);
      if (!certificate) return store.getCertificate(id);
      // A client fetches it once; after that its order is finished.
      certificates.delete(id);
      for (const each of orders.get(certificate.orderId)?.authorizationIds ?? []) authorizations.delete(each);
      orders.delete(certificate.orderId);
      return certificate;
    },
    recordRevocation: (serial, at, reason) =>
      forgetting(store.recordRevocation(serial, at, reason), () => certificates.clear()),

    clearRevocation: (serial) => forgetting(store.clearRevocation(serial), () => certificates.clear()),

    purgeExpired: (before, limit) =>
      forgetting(store.purgeExpired(before, limit), () => {
        orders.deleteIf(({ expiresAt }) => expiresAt < before);
        authorizations.deleteIf(({ expiresAt }) => expiresAt < before);
        certificates.clear();
      }),
    purgeFinished: (before, limit) =>
      forgetting(store.purgeFinished(before, limit), () => {
        orders.deleteIf(({ expiresAt }) => expiresAt < before);
        authorizations.deleteIf(({ expiresAt }) => expiresAt < before);
      }),
  };
}

function answeredAt(authorization: Authorization, type: ChallengeType, at: number): Authorization {
  return {
    ...authorization,
    challenges: authorization.challenges.map((each) =>
      each.type === type ? { ...each, answeredAt: at } : each,
    ),
  };
}
