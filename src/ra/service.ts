import type { JsonWebKey } from 'node:crypto';
import type { AcmeProfile } from '../model/ca.js';
import type {
  Account,
  Authorization,
  Certificate,
  ChallengeType,
  Node,
  OrderAndAuthorizations,
} from '../model/facts.js';

/**
 * What the ACME front end asks of the registration authority. Every method throws `Problem` for what the
 * client did wrong and a plain Error for what we did. Callers have authenticated the request (RFC 8555 §6);
 * ownership is checked by the methods that take an `account`: an object of another account is `unauthorized`,
 * an unknown one `malformed` with status 404. Times are milliseconds since the epoch.
 */
export interface RegistrationAuthority {
  /** Accounts, any status; the caller refuses those that are not valid (§7.3.6). Served from memory when hot. */
  account(id: string): Promise<Account | null>;
  accountByThumbprint(thumbprint: string): Promise<Account | null>;
  /** `from`, here and below: the client's address, for limits (§6.6). §7.3: contact and terms are checked here; an existing key returns its account with created=false. */
  newAccount(request: NewAccount, from: string): Promise<{ account: Account; created: boolean }>;
  /** §7.3.2 */
  updateAccount(
    account: Account,
    change: { contact?: unknown; termsOfServiceAgreed?: unknown },
  ): Promise<Account>;
  /** §7.3.6 */
  deactivateAccount(account: Account): Promise<Account>;
  /** A signed request of the account came from this address. */
  noteUse(account: Account, from: string): void;
  /** §7.3.5, after both signatures were verified; 409 with `location` built from `conflictUrl` when the key is in use. */
  changeKey(
    account: Account,
    next: { jwk: JsonWebKey; thumbprint: string },
    conflictUrl: (accountId: string) => string,
  ): Promise<Account>;

  /**
   * §7.4; `identifiers` etc. are the client's raw JSON values, checked here. The names of `node`, whose certificate the
   * client has proved to hold, are authorized without a challenge.
   */
  newOrder(
    account: Account,
    request: NewOrder,
    by: { node: Node | null; from: string },
  ): Promise<OrderAndAuthorizations>;
  order(account: Account, id: string): Promise<OrderAndAuthorizations>;
  /** §7.1.2.1: newest first; `cursor` is an opaque value of an earlier page. */
  orders(account: Account, cursor: string | null): Promise<{ ids: string[]; next: string | null }>;
  /** §7.4: resolves with the order valid or processing; 503 `serverInternal` with retryAfter when the CA is away. */
  finalize(account: Account, orderId: string, csr: Uint8Array, from: string): Promise<OrderAndAuthorizations>;

  /** §7.4.1, only called when enabled. */
  newAuthorization(account: Account, identifier: unknown, from: string): Promise<Authorization>;
  authorization(account: Account, id: string): Promise<Authorization>;
  deactivateAuthorization(account: Account, id: string): Promise<Authorization>;
  /**
   * §7.5.1: starts validation at once and waits a short bounded time for its outcome. Answering a challenge
   * again only reports its state.
   */
  answerChallenge(account: Account, authorizationId: string, type: ChallengeType): Promise<Authorization>;
  /** POST-as-GET of a challenge. */
  challenge(account: Account, authorizationId: string, type: ChallengeType): Promise<Authorization>;
  /** The key authorization to serve for an open http-01 challenge of exactly this host, else null. */
  httpChallengeResponse(token: string, host: string): Promise<string | null>;

  certificate(account: Account, id: string): Promise<Certificate>;
  /** §7.6; `by` is who signed the request, `from` the address it came from. `certificate` is DER. */
  revoke(certificate: Uint8Array, reason: unknown, by: Revoker, from: string): Promise<void>;
  /** RFC 9773 §4.2 */
  renewalInfo(ariId: string): Promise<{ start: number; end: number }>;
  /** Read-only views for an authenticated administrator. */
  inspectOrder(id: string): Promise<OrderAndAuthorizations | null>;
  inspectAuthorization(id: string): Promise<Authorization | null>;

  profiles(): Promise<AcmeProfile[]>;
  now(): number;
}

export interface NewAccount {
  jwk: JsonWebKey;
  thumbprint: string;
  contact: unknown;
  termsOfServiceAgreed: unknown;
  /** §7.3.4: the binding once verified by the front end, or null when none was sent. */
  externalAccount: { kid: string; jws: unknown } | null;
  /** The node whose key the binding was made with. */
  nodeId?: string | null;
}

export interface NewOrder {
  identifiers: unknown;
  notBefore?: unknown;
  notAfter?: unknown;
  profile?: unknown;
  replaces?: unknown;
}

export type Revoker = { account: Account } | { certificateKey: JsonWebKey };
