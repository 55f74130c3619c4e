import type { JsonWebKey } from 'node:crypto';
import type {
  Account,
  AccountAndUse,
  Authorization,
  Certificate,
  ChallengeType,
  Identifier,
  Node,
  Order,
  OrderAndAuthorizations,
} from '../../model/facts.js';
import type { ProblemDocument } from '../../model/problem.js';
import type { ActivityCounts } from './activity.js';
import type { AllowanceKeeping } from './allowances.js';
import type { AuditTrail } from './audit.js';
import type { FailureKeeping } from './failures.js';
import type { Leases } from './leases.js';
import type { NoticeQueue } from './notices.js';
import type { OtherCertificates } from './other-certificates.js';
import type { SharedByReplicas } from './shared.js';

/** One answered challenge handed to a validator; whoever holds the lease is the only one to try it. */
export interface ClaimedValidation {
  authorization: Authorization;
  type: ChallengeType;
  /** Attempts already made and recorded, this one not counted. */
  attempts: number;
  /** Thumbprint of the account key, for the key authorization (RFC 8555 §8.1). */
  thumbprint: string;
}

/** A signed request of an account. */
export interface AccountUse {
  id: string;
  at: number;
  /** Network address. */
  from: string;
}

/** One order whose finalize was accepted but has neither certificate nor error yet. */
export interface ClaimedFinalization {
  order: Order;
  attempts: number;
}

/**
 * `claimed`: the seed is this key's, from now on or since an earlier claim. `used`: it is another key's. `unknown`: no node
 * has it, or the node is being removed.
 */
export type ClaimOutcome = 'claimed' | 'used' | 'expired' | 'unknown';

/** The certificates of a node or of its authorizations that are not known to be revoked or expired. */
export interface NodeIssuances {
  /** Each once, in no order. */
  serials: string[];
  /** An order that a node's authorization made ready is being finalized: a certificate may be on its way. */
  unfinished: boolean;
}

/**
 * What the RA keeps. Every method is one atomic step: it either happened, and is on disk before the promise
 * resolves (synchronous=FULL), or did not happen. Reads see every write resolved before them. Methods named
 * for a guarded change return false (or null) when the guard failed; nothing was written then.
 * Implemented by SQLite (and PostgreSQL); `test/store/contract` proves each implementation.
 * Times are milliseconds since the epoch.
 */
export interface RaStore
  extends AuditTrail,
    NoticeQueue,
    Leases,
    AllowanceKeeping,
    OtherCertificates,
    ActivityCounts,
    FailureKeeping {
  // Accounts (RFC 8555 §7.3)
  /**
   * Creates the account unless its thumbprint is taken; returns the one that holds the key. One with `nodeId` uses the node's key:
   * rejects with StoreConflict when the key (the `kid` of its binding) is not that node's any more, has expired at `createdAt` or
   * was used and is good once only.
   */
  createAccount(account: Account): Promise<{ account: Account; created: boolean }>;
  getAccount(id: string): Promise<Account | null>;
  findAccountByThumbprint(thumbprint: string): Promise<Account | null>;
  /** Replaces contact and/or the terms time of an account neither deactivated nor revoked. */
  updateAccount(id: string, change: { contact?: string[]; termsAgreedAt?: number }): Promise<Account | null>;
  /** §7.3.6: ends the account; its unfinished orders and authorizations are of no use from here on (see status.ts). */
  deactivateAccount(id: string, at: number): Promise<Account | null>;
  /** §7.1.2: the server ends the account, whatever the client did before; doing it again keeps the first time. */
  revokeAccount(id: string, at: number): Promise<Account | null>;
  /** Newest first, after the given id; with `nodeId` those bound to the node. */
  listAccounts(page: { after: string | null; limit: number; nodeId?: string }): Promise<AccountAndUse[]>;
  getAccountAndUse(id: string): Promise<AccountAndUse | null>;
  /** Notes when accounts were last used, and from where. */
  noteAccountUses(uses: readonly AccountUse[]): Promise<void>;
  /** How many orders are kept of an account (at most `most`), and whether one of them is being finalized. */
  countOrders(accountId: string, most: number): Promise<{ orders: number; unfinished: boolean }>;
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
   * Stores the order and its new authorizations; one `provenBy` a node that is not registered (any more) is stored
   * revoked, at its creation. With `replaces`, also marks the predecessor certificate
   * replaced; false when another order replaced it already (RFC 9773 §5).
   */
  createOrder(order: Order, newAuthorizations: Authorization[]): Promise<boolean>;
  /**
   * RFC 9773 §5: no order replaces the certificate any more, if it was this one, which is invalid or no longer kept. By
   * the certificate's ARI id.
   */
  releaseReplaced(ariId: string, orderId: string): Promise<void>;
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
  /** §7.4: the CSR was not acceptable: the order has none any more and is as before. False when it has a certificate or an error. */
  returnOrder(orderId: string): Promise<boolean>;
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
  /**
   * Answered, unfinished challenges whose lease or retry time is past; leases them to the caller. The accounts take turns, one
   * challenge each, the longest due first, until there are `limit`, or `perAccount` (default `limit`) of each.
   */
  claimValidations(
    now: number,
    leaseUntil: number,
    limit: number,
    perAccount?: number,
  ): Promise<ClaimedValidation[]>;
  /** §8.2: a failed attempt that will be retried at `retryAt`. */
  recordAttempt(
    authorizationId: string,
    type: ChallengeType,
    error: ProblemDocument,
    retryAt: number,
  ): Promise<void>;
  /**
   * Ends the validation: `error` null is success and sets the authorization's expiry to `expiresAt`, unless it had
   * expired by `at`. The first outcome decides: null when the authorization was valid, failed or ended before. With
   * `answeredAt` a challenge not yet answered is so from then (as by answerChallenge, in this one step); without it, null.
   */
  completeValidation(
    authorizationId: string,
    type: ChallengeType,
    result: { answeredAt?: number | null; at: number; error: ProblemDocument | null; expiresAt: number },
  ): Promise<Authorization | null>;

  // Certificates (§7.4.2, §7.6)
  getCertificate(id: string): Promise<Certificate | null>;
  findCertificateBySerial(serial: string): Promise<Certificate | null>;
  findCertificateByAriId(ariId: string): Promise<Certificate | null>;
  /** Keeps the first time and reason, unless it was a hold (RFC 5280 §5.3.1, code 6), whose reason is replaced. */
  recordRevocation(serial: string, at: number, reason: number | null): Promise<void>;
  /** Takes it off hold; of no effect on one that is not on hold. */
  clearRevocation(serial: string): Promise<void>;

  // Nodes. One whose removal has begun changes no more.
  /** Registers; false when the CN is taken, also by a node being removed: nothing is stored then. */
  createNode(node: Node): Promise<boolean>;
  /**
   * Registers the CN anew: `node` takes the place of the one there is, and has its certificates from here on. The earlier
   * seed is of no use any more, and valid authorizations proven by the earlier one are revoked (at `registeredAt`). False
   * when there is none of the CN or it is being removed.
   */
  replaceNode(node: Node): Promise<boolean>;
  getNode(cn: string): Promise<Node | null>;
  /** Nodes after the given CN, in order of the CN's octets, including those being removed. */
  listNodes(page: { after: string | null; limit: number }): Promise<Node[]>;
  /** None that is being removed. */
  findNodeBySeed(seedHash: string): Promise<Node | null>;
  /** The node that has a certificate of this serial, recorded by one of the two methods below; one being removed too. */
  findNodeBySerial(serial: string): Promise<Node | null>;
  /** Uses the seed for this key (base64url SHA-256 of its SubjectPublicKeyInfo), once: of many keys at once, one gets it. */
  claimEnrolment(seedHash: string, key: string, at: number): Promise<ClaimOutcome>;
  /**
   * The certificate of an enrolment becomes the node's; doing it again is no error. False when the enrolment was
   * replaced before this was recorded or the node is (being) removed: nobody may have that certificate.
   */
  recordEnrolment(enrolmentId: string, certificate: { serial: string; notAfter: number }): Promise<boolean>;
  /** Another certificate of the node, by renewal. False when the node is (being) removed. */
  recordNodeCertificate(nodeId: string, certificate: { serial: string; notAfter: number }): Promise<boolean>;
  /** Begins a removal: the node can no longer enrol or prove names, and its valid authorizations are revoked. Null: no such node. */
  beginNodeRemoval(cn: string, at: number): Promise<Node | null>;
  findNodeIssuances(id: string, now: number): Promise<NodeIssuances>;
  /** The node of this registration; one being removed too. */
  getNodeById(id: string): Promise<Node | null>;
  /** The node with this key id, unless it is being removed. */
  findNodeByKey(keyId: string): Promise<Node | null>;
  /**
   * Changes names, patterns, profile, waiver and key of the registration with this id, and revokes (at `at`) the valid
   * authorizations it proved. Null when it is (being) removed or was registered anew.
   */
  changeNode(node: Node, at: number): Promise<Node | null>;
  /** Serials of certificates it has or its authorizations got, at most `limit`, those that end last first. */
  listNodeSerials(id: string, limit: number): Promise<string[]>;
  /** Forgets the node and which certificates it had; of no effect when that was done. */
  removeNode(id: string): Promise<void>;

  // Housekeeping
  /**
   * Deletes at most `limit` each of: orders without certificate that expired before `before` with their
   * authorizations, and orphaned authorizations expired before it. Returns how many rows went.
   */
  purgeExpired(before: number, limit: number): Promise<number>;
  /**
   * Deletes orders that have their certificate, with their authorizations, when both expired before `before`; looks at no
   * more than the oldest `limit`. Certificates stay. Returns how many rows went.
   */
  purgeFinished(before: number, limit: number): Promise<number>;
  /**
   * Deletes at most `limit` accounts that have had no certificate since before `before`, and have no order or authorization;
   * their ids. Looks at no more than as many. One that was revoked stays: its key makes no other.
   */
  purgeAccounts(before: number, limit: number): Promise<string[]>;
  /**
   * Deletes at most `limit` certificates that ended before `before` and whose order is gone; how many it found. An account
   * that has none left has had none since the end of its last.
   */
  purgeCertificates(before: number, limit: number): Promise<number>;
  /** How many there are to purge: ended, expired, without a certificate before these times. Takes as long as there are many. */
  countPurgeable(before: {
    ended: number;
    expired: number;
    unused: number;
  }): Promise<{ certificates: number; orders: number; accounts: number }>;
  /** Small named values: nonce issuer id, schema facts. */
  getSetting(name: string): Promise<string | null>;
  /** Names that begin so, in order. */
  listSettings(prefix: string): Promise<string[]>;
  putSetting(name: string, value: string): Promise<void>;
  /** Compares and sets atomically: true if the setting was `before` (null: absent) and is now `value`. */
  replaceSetting(name: string, before: string | null, value: string): Promise<boolean>;
  /**
   * Makes a setting that no other method writes the JSON object `facts` with `count`, which is one more than it was. However many
   * count at once, each gets another number.
   */
  countSetting(name: string, facts: Record<string, number>): Promise<number>;
  /** True when a write can be made durable right now (readiness). */
  ping(): Promise<void>;
  close(): Promise<void>;

  /** The state that RAs on one store share; null for a store that only one process can use. */
  readonly shared: SharedByReplicas | null;
}
