import type { JsonWebKey } from 'node:crypto';
import type { SubjectName } from '../x509/certificate-names.js';
import type { ProblemDocument } from './problem.js';

/**
 * The facts that the RA stores about ACME resources (RFC 8555 §7.1). No status is stored: `status.ts` computes the `status` that clients
 * see. All times are milliseconds since the epoch; all ids are URL-safe and unguessable.
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
  /** Public JWK with only the members that RFC 7638 hashes. */
  jwk: JsonWebKey;
  /** base64url SHA-256 JWK thumbprint (RFC 7638). */
  thumbprint: string;
  contact: string[];
  termsAgreedAt: number | null;
  /** Key id and JWS of the external account binding (§7.3.4), else null. */
  externalAccount: { kid: string; jws: unknown } | null;
  createdAt: number;
  deactivatedAt: number | null;
  /** Set when the server, not the client, ended the account (§7.1.6 `revoked`). */
  revokedAt: number | null;
  /** The node whose key signed the external account binding: the account may order that node's names. */
  nodeId: string | null;
}

/** An account, with the time and address of its last signed request, accurate to a minute. */
export interface AccountAndUse {
  account: Account;
  usedAt: number | null;
  usedFrom: string | null;
}

/** A failed challenge, order or finalization, and the reason. */
export interface Failure {
  id: string;
  at: number;
  /** The identifier that failed. */
  name: string;
  /** The step that failed: `http-01`, `dns-01`, `tls-alpn-01`, `order`, `finalize`. */
  step: string;
  accountId: string | null;
  /** The reason, as reported to the client, in one sentence. */
  why: string;
}

/** §7.1.5. A challenge; all challenges of an authorization have the same token. */
export interface Challenge {
  type: ChallengeType;
  token: string;
  /** When the client answered it (§7.5.1); from then on it is `processing` until it is validated or failed. */
  answeredAt: number | null;
  validatedAt: number | null;
  failedAt: number | null;
  /** The problem of the last attempt; on a processing challenge, the reason of the retry (§8.2). */
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
  /** Id of the registered node that proved the name at creation, without a challenge; else null. */
  provenBy: string | null;
  challenges: Challenge[];
}

/** §7.1.3. */
export interface Order {
  id: string;
  accountId: string;
  /** The ordered identifiers, normalised, without duplicates, wildcards with their `*.`. */
  identifiers: Identifier[];
  authorizationIds: string[];
  profile: string;
  notBefore: number | null;
  notAfter: number | null;
  /** RFC 9773 §5: certificate identifier of the predecessor. */
  replaces: string | null;
  createdAt: number;
  expiresAt: number;
  /** DER of the accepted CSR; from then on the order is `processing`. */
  csr: Uint8Array | null;
  /** Finalize was answered with 503, and the request continues in the background. */
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
  /** base64url SHA-256 of the leaf's DER, which identifies it in a revocation request. */
  fingerprint: string;
  identifiers: Identifier[];
  /** PEM, leaf first, without the root. */
  chain: string;
  notBefore: number;
  notAfter: number;
  revokedAt: number | null;
  /** RFC 5280 §5.3.1 reason code, if it was revoked with one. */
  revocationReason: number | null;
  /** Id of the order that has this certificate in `replaces`. */
  replacedBy: string | null;
}

/** A machine that an administrator registered. With its one-time seed it gets one certificate for exactly these names. */
export interface Node {
  /** Id of this registration; another registration of the same name has another id. */
  id: string;
  /** The common name as certificates have it: a host name in lower case, unique among nodes. */
  cn: string;
  /** Subject alternative names as certificates have them; they include the common name of a TLS server. */
  names: SubjectName[];
  profile: string;
  registeredAt: number;
  /** DN of the administrator who registered it. */
  registeredBy: string;
  /** When its removal began; from then on the node gets no certificates. */
  removingAt: number | null;
  enrolment: Enrolment;
  /** What it may order over ACME besides its names: `*.` and a domain (one label below it), or a network (CIDR). */
  patterns: readonly string[];
  /** True when bound accounts need no challenges, except for names that only a pattern covers. */
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
  /** True when it binds only one account. */
  once: boolean;
  /** When it bound its first account. */
  usedAt: number | null;
}

/** The use of a seed. */
interface Enrolment {
  /** Id of the request at the CA, which returns the same certificate for the same id. */
  id: string;
  /** base64url SHA-256 of the seed; the seed itself is not stored. */
  seedHash: string;
  expiresAt: number;
  claimedAt: number | null;
  /** base64url SHA-256 of the SubjectPublicKeyInfo the seed was used for. */
  key: string | null;
  /** Serial of the certificate that was issued for it; null until it is known. */
  serial: string | null;
}
