import type { ClaimOutcome, NodeIssuances } from '../../contract/ra.js';
import type { AuditOperations } from '../audit.js';
import type { SettingsOperations } from '../settings.js';
import type { AccountRow, AccountUseRow } from './accounts.js';
import type { ActivityOperations } from './activity.js';
import type { AuthorizationRow, ClaimedChallenge, InsertRow } from './authorizations.js';
import type { CertificateRow } from './certificates.js';
import type { FailureRow } from './failures.js';
import type { NodeRow } from './nodes.js';
import type { NoticeOperations } from './notices.js';
import type { ClaimedOrder, NewOrderRow, OrderRow } from './orders.js';

/** RFC 8555 §7.3. */
export interface AccountOperations {
  /** The account that has the key already; undefined: this one was created; `unbound`: its node does not take it. */
  createAccount(row: AccountRow, keyId: string | null): AccountRow | 'unbound' | undefined;
  getAccount(id: string): AccountRow | undefined;
  findAccountByThumbprint(thumbprint: string): AccountRow | undefined;
  updateAccount(id: string, contact: string | null, termsAgreedAt: number | null): AccountRow | undefined;
  /** Doing it again keeps the first time. */
  deactivateAccount(id: string, at: number): AccountRow | undefined;
  /** Doing it again keeps the first time. */
  revokeAccount(id: string, at: number): AccountRow | undefined;
  listAccounts(after: string | null, limit: number, nodeId: string | null): AccountUseRow[];
  getAccountAndUse(id: string): AccountUseRow | undefined;
  noteAccountUses(ids: string[], times: number[], addresses: string[]): void;
  countOrders(accountId: string, most: number): { orders: number; unfinished: boolean };
  changeAccountKey(
    id: string,
    oldThumbprint: string,
    jwk: string,
    thumbprint: string,
  ): { changed: boolean; conflict: string | null };
}

/** RFC 8555 §7.4. */
export interface OrderOperations {
  createOrder(order: NewOrderRow, authorizations: InsertRow[]): boolean;
  getOrder(id: string): { order: OrderRow; authorizations: AuthorizationRow[] } | undefined;
  /** `after` null is the first page: every id is less than a character no id has. */
  listOrderIds(accountId: string, after: string | null, limit: number, now: number): string[];
  beginFinalize(id: string, csr: Uint8Array, leaseUntil: number): boolean;
  deferFinalize(id: string, retryAt: number): void;
  claimFinalizations(now: number, leaseUntil: number, limit: number): ClaimedOrder[];
  failOrder(id: string, error: string): boolean;
  returnOrder(id: string): boolean;
  /** A certificate that exists is the order's, even if another runner gave the order up meanwhile. */
  recordIssuance(orderId: string, certificate: CertificateRow): boolean;
}

/** RFC 8555 §7.1.4, §7.5. */
export interface AuthorizationOperations {
  createAuthorization(row: InsertRow): void;
  getAuthorization(id: string): AuthorizationRow | undefined;
  /** Those that expire last first; pre-authorizations (§7.4.1) have their own share of the limit. */
  findValidAuthorizations(accountId: string, names: string[], now: number): AuthorizationRow[];
  /** Doing it again keeps the first time. Validations under way come to nothing. */
  deactivateAuthorization(id: string, at: number): AuthorizationRow | undefined;
  findAuthorizationByToken(token: string): AuthorizationRow | undefined;
}

/** RFC 8555 §7.5.1, §8.2. */
export interface ValidationOperations {
  answerChallenge(id: string, type: string, at: number, leaseUntil: number): boolean;
  claimValidations(now: number, leaseUntil: number, limit: number, perAccount: number): ClaimedChallenge[];
  recordAttempt(id: string, type: string, error: string, retryAt: number): void;
  /** Undefined when the validation was ended before, by its outcome or with its authorization. */
  completeValidation(
    id: string,
    type: string,
    answeredAt: number | null,
    at: number,
    error: string | null,
    expiresAt: number,
  ): AuthorizationRow | undefined;
}

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */
export interface CertificateOperations {
  releaseReplaced(ariId: string, orderId: string): void;
  getCertificate(id: string): CertificateRow | undefined;
  findCertificateBySerial(serial: string): CertificateRow | undefined;
  findCertificateByAriId(ariId: string): CertificateRow | undefined;
  /** The first revocation's time and reason stay, but for a hold's reason. */
  recordRevocation(serial: string, at: number, reason: number | null): void;
  clearRevocation(serial: string): void;
}

/** Nodes of the RA. */
export interface NodeOperations {
  createNode(row: NodeRow): boolean;
  replaceNode(row: NodeRow): boolean;
  getNode(cn: string): NodeRow | undefined;
  listNodes(after: string | null, limit: number): NodeRow[];
  findNodeBySeed(seedHash: string): NodeRow | undefined;
  findNodeBySerial(serial: string): NodeRow | undefined;
  claimEnrolment(seedHash: string, key: string, at: number): ClaimOutcome;
  recordEnrolment(enrolmentId: string, serial: string, notAfter: number): boolean;
  recordNodeCertificate(nodeId: string, serial: string, notAfter: number): boolean;
  /** Doing it again keeps the first time. */
  beginNodeRemoval(cn: string, at: number): NodeRow | undefined;
  findNodeIssuances(nodeId: string, now: number): NodeIssuances;
  getNodeById(id: string): NodeRow | undefined;
  findNodeByKey(keyId: string): NodeRow | undefined;
  changeNode(row: NodeRow, at: number): NodeRow | undefined;
  listNodeSerials(nodeId: string, limit: number): string[];
  removeNode(id: string): void;
}

/** Failures of clients, with their reasons. */
export interface FailureOperations {
  recordFailure(row: FailureRow, keep: number): void;
  listFailures(
    after: string | null,
    limit: number,
    name: string | null,
    accountId: string | null,
  ): FailureRow[];
  /** `before` is the beginning of an id. */
  purgeFailures(before: string, keep: number): void;
}

/** Deletes what nobody needs any more, a bounded number at a time. */
export interface PurgeOperations {
  purgeExpired(before: number, limit: number): number;
  /** Ids begin with the time, so the oldest orders come first by their key; what is not done with yet is passed over. */
  purgeFinished(before: number, limit: number): number;
  /** Oldest first; one that still has something is looked at again as if it were new. */
  purgeAccounts(before: number, limit: number): string[];
  purgeCertificates(before: number, limit: number): number;
  countPurgeable(endedBefore: number, expiredBefore: number, unusedBefore: number): PurgeableRow;
}

export type PurgeableRow = [certificates: number, orders: number, accounts: number];
export type OtherCertificateRow = [
  serial: string,
  origin: string,
  renews: string | null,
  at: number,
  notAfter: number,
];

/** Certificates without an order and without a node. */
export interface OtherCertificateOperations {
  recordOtherCertificate(row: OtherCertificateRow): void;
  findOtherCertificate(serial: string): OtherCertificateRow | undefined;
}

/** The use of each key of a limit, as the time when it drops to zero. */
export interface AllowanceOperations {
  loadAllowances(now: number, limit: number): [key: string, until: number][];
  saveAllowances(keys: string[], untils: number[]): void;
  forgetAllowances(now: number, limit: number): number;
}

/** Every row operation of the RA, each one atomic step: what SQLite and PostgreSQL both carry out. */
export interface RaOperations
  extends AccountOperations,
    OrderOperations,
    AuthorizationOperations,
    ValidationOperations,
    CertificateOperations,
    NodeOperations,
    FailureOperations,
    ActivityOperations,
    PurgeOperations,
    AllowanceOperations,
    OtherCertificateOperations,
    NoticeOperations,
    AuditOperations,
    SettingsOperations {}
