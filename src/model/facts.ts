import type { JsonWebKey } from 'node:crypto';
import type { SubjectName } from '../x509/certificate-names.js';
import type { ProblemDocument } from './problem.js';

/**
 * The facts the RA keeps about each ACME resource (RFC 8555 §7.1). No fact is a status: what a client sees as
 * `status` is computed from these by `status.ts`. All times are milliseconds since the epoch; all ids are
 * URL-safe and unguessable.
 */

/** RFC 8555 §9.7.7 and RFC 8738 §2: a normalised identifier (A-label lower case, no trailing dot; canonical IP text). */
export interface Identifier {
  type: 'dns' | 'ip';
  value: string;
}

export const CHALLENGE_TYPES = [
  'http-01',
  'dns-01',
  'tls-alpn-01',
  'dns-account-01',
  'dns-persist-01',
] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

export interface Account {
  id: string;
  /** Public JWK, exactly the members RFC 7638 hashes. */
  jwk: JsonWebKey;
  /** base64url SHA-256 JWK thumbprint (RFC 7638). */
  thumbprint: string;
  contact: string[];
  termsAgreedAt: number | null;
  /** The external account binding's key id and the whole JWS as sent (§7.3.4), else null. */
  externalAccount: { kid: string; jws: unknown } | null;
  createdAt: number;
  deactivatedAt: number | null;
  /** Set when the server, not the client, ended the account (§7.1.6 `revoked`). */
  revokedAt: number | null;
  /** The node whose key the external account binding was made with: the account orders what that node may have. */
  nodeId: string | null;
}

/** An account, with the time and address of its last signed request, accurate to a minute. */
export interface AccountAndUse {
  account: Account;
  usedAt: number | null;
  usedFrom: string | null;
}

/** A challenge, order or finalization that failed, and why. */
export interface Failure {
  id: string;
  at: number;
  /** The identifier that failed. */
  name: string;
  /** The step that failed: `http-01`, `dns-01`, `tls-alpn-01`, `order`, `finalize`. */
  step: string;
  accountId: string | null;
  /** The reason the client was given, in one sentence. */
  why: string;
}

/** §7.1.5. Facts of one challenge; its token is its authorization's. */
export interface Challenge {
  type: ChallengeType;
  token: string;
  /** The client said "go" (§7.5.1); from then on it is `processing` until validated or failed. */
  answeredAt: number | null;
  validatedAt: number | null;
  failedAt: number | null;
  /** Last attempt's problem; on a challenge still processing it tells what the retry waits for (§8.2). */
  error: ProblemDocument | null;
}

/** §7.1.4. */
export interface Authorization {
  id: string;
  accountId: string;
  /** Null for a pre-authorization (§7.4.1). */
  orderId: string | null;
  /** For a wildcard, the name without `*.` (§7.1.4). */
  identifier: Identifier;
  wildcard: boolean;
  createdAt: number;
  expiresAt: number;
  deactivatedAt: number | null;
  revokedAt: number | null;
  /** Id of the registered node whose client certificate proved the name, at creation and without a challenge; else null. */
  provenBy: string | null;
  challenges: Challenge[];
}

/** §7.1.3. */
export interface Order {
  id: string;
  accountId: string;
  /** As ordered, normalised, duplicates merged, wildcards with their `*.`. */
  identifiers: Identifier[];
  authorizationIds: string[];
  profile: string;
  notBefore: number | null;
  notAfter: number | null;
  /** RFC 9773 §5: certificate identifier of the predecessor. */
  replaces: string | null;
  createdAt: number;
  expiresAt: number;
  /** DER of the CSR accepted by finalize; from then on the order is `processing`. */
  csr: Uint8Array | null;
  /** The client was told 503 at finalize while the request is being carried out in the background. */
  finalizeDeferred: boolean;
  error: ProblemDocument | null;
  certificateId: string | null;
}

/** An order with the authorizations its status depends on, in `authorizationIds` order. */
export interface OrderAndAuthorizations {
  order: Order;
  authorizations: Authorization[];
}

/** A certificate the RA obtained for an order (§7.4.2). */
export interface Certificate {
  id: string;
  orderId: string;
  accountId: string;
  /** Lower-case hex, even length, no `00` prefix but for a sign byte. */
  serial: string;
  /** RFC 9773 §4.1 `base64url(AKI).base64url(serial)`. */
  ariId: string;
  /** base64url SHA-256 of the leaf's DER, to find it when it is presented for revocation. */
  fingerprint: string;
  identifiers: Identifier[];
  /** PEM, leaf first, without the root. */
  chain: string;
  notBefore: number;
  notAfter: number;
  revokedAt: number | null;
  /** RFC 5280 §5.3.1 reason code, when revoked with one. */
  revocationReason: number | null;
  /** Order id that named this certificate in `replaces`. */
  replacedBy: string | null;
}

/**
 * A machine that an administrator registered. Its one-time seed gets it one certificate for exactly these
 * names.
 */
export interface Node {
  /** Id of this registration; registering the same name again gives another id. */
  id: string;
  /** The common name as certificates have it: a host name in lower case, unique among nodes. */
  cn: string;
  /** Subject alternative names as certificates have them; they include the common name of a TLS server. */
  names: SubjectName[];
  profile: string;
  registeredAt: number;
  /** DN of the administrator who registered it. */
  registeredBy: string;
  /** When its removal began; from then on the node gets nothing. */
  removingAt: number | null;
  enrolment: Enrolment;
  /**
   * What it may order over ACME besides its names: `*.` and a domain (each label directly below it), or a
   * network (CIDR).
   */
  patterns: readonly string[];
  /** True when being bound proves the names of a bound account, except those that only a pattern covers. */
  challengesWaived: boolean;
  /** The key that binds ACME accounts to it (RFC 8555 §7.3.4); null when none can be bound. */
  key: NodeKey | null;
}

/** The MAC key of a node, for external account bindings. */
export interface NodeKey {
  /** `kid` of the binding. */
  id: string;
  /** The key, encrypted, so that a stolen database does not reveal it. */
  sealed: string;
  /** The time from which it binds no more accounts; null if it never expires. */
  expiresAt: number | null;
  /** It binds one account. */
  once: boolean;
  /** When it bound its first. */
  usedAt: number | null;
}

/** One use of one seed. */
interface Enrolment {
  /** Id of the request at the CA, which answers the same id with the same certificate. */
  id: string;
  /** base64url SHA-256 of the seed; the seed itself is not stored. */
  seedHash: string;
  expiresAt: number;
  claimedAt: number | null;
  /** base64url SHA-256 of the SubjectPublicKeyInfo the seed was used for. */
  key: string | null;
  /** Serial of the certificate it was used for, once known. */
  serial: string | null;
}
