import type { JsonWebKey } from 'node:crypto';
import type { ProblemDocument } from '../ra/problem.js';
import type {
  Account,
  Authorization,
  Certificate,
  ChallengeType,
  Identifier,
  Order,
  OrderAndAuthorizations,
} from '../ra/types.js';
import type { Actor, AuditTrail } from './audit.js';

/** One answered challenge handed to a validator; whoever holds the lease is the only one to try it. */
export interface ClaimedValidation {
  authorization: Authorization;
  type: ChallengeType;
  /** Attempts already made and recorded, this one not counted. */
  attempts: number;
  /** Thumbprint of the account key, for the key authorization (RFC 8555 §8.1). */
  thumbprint: string;
}

/** One order whose finalize was accepted but has neither certificate nor error yet. */
export interface ClaimedFinalization {
  order: Order;
  attempts: number;
}

/**
 * What the RA keeps. Every method is one atomic step: it either happened, and is on disk before the promise
 * resolves (synchronous=FULL), or did not happen. Reads see every write resolved before them. Methods named
 * for a guarded change return false (or null) when the guard failed; nothing was written then.
 * Implemented by SQLite (and PostgreSQL); `test/store/contract` proves each implementation.
 * Times are milliseconds since the epoch.
 */
export interface RaStore extends AuditTrail {
  // Accounts (RFC 8555 §7.3)
  /** Creates the account unless its thumbprint is taken; returns the one that holds the key. */
  createAccount(account: Account): Promise<{ account: Account; created: boolean }>;
  getAccount(id: string): Promise<Account | null>;
  findAccountByThumbprint(thumbprint: string): Promise<Account | null>;
  /** Replaces contact and/or the terms time of an account neither deactivated nor revoked. */
  updateAccount(id: string, change: { contact?: string[]; termsAgreedAt?: number }): Promise<Account | null>;
  /** §7.3.6: ends the account; its unfinished orders and authorizations are of no use from here on (see status.ts). */
  deactivateAccount(id: string, at: number): Promise<Account | null>;
  /**
   * §7.3.5: swaps the key if the account still has `oldThumbprint` and nobody has the new one.
   * `conflict` is the id of the account holding the new key; null with changed=false: the old key was not current.
   */
  changeAccountKey(
    id: string,
    oldThumbprint: string,
    next: { jwk: JsonWebKey; thumbprint: string },
  ): Promise<{ changed: boolean; conflict: string | null }>;

  // Orders (§7.4)
  /**
   * Stores the order and its new authorizations. With `replaces`, also marks the predecessor certificate
   * replaced; false when another order replaced it already (RFC 9773 §5).
   */
  createOrder(order: Order, newAuthorizations: Authorization[]): Promise<boolean>;
  getOrder(id: string): Promise<OrderAndAuthorizations | null>;
  /** §7.1.2.1: ids of the account's orders, newest first, after the given id; expired unfinished ones left out. */
  listOrderIds(
    accountId: string,
    page: { after: string | null; limit: number; now: number },
  ): Promise<string[]>;
  /**
   * Accepts the CSR if the order has none yet and neither error nor certificate. The caller holds the lease
   * until `leaseUntil`.
   */
  beginFinalize(orderId: string, csr: Uint8Array, leaseUntil: number): Promise<boolean>;
  /** The CA could not be reached: records that the client was told so and when to try again. */
  deferFinalize(orderId: string, retryAt: number): Promise<void>;
  /** Orders begun, not finished, and whose lease or retry time is past; leases them to the caller. */
  claimFinalizations(now: number, leaseUntil: number, limit: number): Promise<ClaimedFinalization[]>;
  failOrder(orderId: string, error: ProblemDocument): Promise<boolean>;
  /** Stores the certificate and makes it the order's; false when the order already has one (nothing stored). */
  recordIssuance(orderId: string, certificate: Certificate): Promise<boolean>;

  // Authorizations and challenges (§7.5)
  createAuthorization(authorization: Authorization): Promise<void>;
  getAuthorization(id: string): Promise<Authorization | null>;
  /** Authorizations of the account for these identifiers that have a validated challenge, are not ended and expire after `now`. */
  findValidAuthorizations(
    accountId: string,
    identifiers: Identifier[],
    now: number,
  ): Promise<Authorization[]>;
  deactivateAuthorization(id: string, at: number): Promise<Authorization | null>;
  /** The authorization whose challenge of this token is open, or null (for serving http-01). */
  findAuthorizationByToken(token: string): Promise<Authorization | null>;
  /**
   * §7.5.1: marks a challenge answered and enqueues it, leased to the caller until `leaseUntil`. False when it
   * was answered before or the authorization is ended: the caller then only reports the state.
   */
  answerChallenge(
    authorizationId: string,
    type: ChallengeType,
    at: number,
    leaseUntil: number,
  ): Promise<boolean>;
  /** Answered, unfinished challenges whose lease or retry time is past; leases them to the caller. */
  claimValidations(now: number, leaseUntil: number, limit: number): Promise<ClaimedValidation[]>;
  /** §8.2: a failed attempt that will be retried at `retryAt`. */
  recordAttempt(
    authorizationId: string,
    type: ChallengeType,
    error: ProblemDocument,
    retryAt: number,
  ): Promise<void>;
  /**
   * Ends the validation: `error` null is success and sets the authorization's expiry to `expiresAt`, unless it had
   * expired by `at`. The first outcome decides: null when the authorization was valid, failed or ended before.
   */
  completeValidation(
    authorizationId: string,
    type: ChallengeType,
    result: { at: number; error: ProblemDocument | null; expiresAt: number },
  ): Promise<Authorization | null>;

  // Certificates (§7.4.2, §7.6)
  getCertificate(id: string): Promise<Certificate | null>;
  findCertificateBySerial(serial: string): Promise<Certificate | null>;
  findCertificateByAriId(ariId: string): Promise<Certificate | null>;
  /**
   * Of a certificate an order got; the first time and reason stay. In the same step, and then alone, the audit log says so,
   * and that `by` did it.
   */
  recordRevocation(serial: string, at: number, reason: number | null, by?: Actor): Promise<void>;

  // Housekeeping
  /**
   * Deletes at most `limit` each of: orders without certificate that expired before `before` with their
   * authorizations, and orphaned authorizations expired before it. Returns how many rows went.
   */
  purgeExpired(before: number, limit: number): Promise<number>;
  /** Small named values: nonce issuer id, schema facts. */
  getSetting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;
  /** True when a write can be made durable right now (readiness). */
  ping(): Promise<void>;
  close(): Promise<void>;

  /** What RAs on the same store agree on; null for a store that only one process can use. */
  readonly shared: SharedByReplicas | null;
}

/** RFC 8555 §6.5: a nonce is good once among all RAs of a store, whichever made it and whichever gets it. */
export interface SharedByReplicas {
  /**
   * The key all RAs make nonces with; `candidate` becomes it when there is none. Whatever loses the marks of spent nonces loses
   * the key.
   */
  nonceKey(candidate: Uint8Array): Promise<Uint8Array>;
  /** Marks a nonce spent: `spent` when it was, `unknown` when its key is no longer the one in use. */
  spendNonce(key: Uint8Array, nonce: { id: Uint8Array; second: number }): Promise<'ok' | 'spent' | 'unknown'>;
  /** Deletes at most `limit` marks of nonces made before this second; how many. */
  forgetNonces(beforeSecond: number, limit: number): Promise<number>;
}
