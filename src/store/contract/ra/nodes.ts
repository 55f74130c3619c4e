import type { Node } from '../../../model/facts.js';

/**
 * `claimed`: the seed belongs to this key, from now on or since an earlier claim. `used`: it belongs to another key.
 * `unknown`: no node has it, or the node is being removed.
 */
export type ClaimOutcome = 'claimed' | 'used' | 'expired' | 'unknown';

/** The certificates of a node or of its authorizations that are not known to be revoked or expired. */
export interface NodeIssuances {
  /** Each once, in no order. */
  serials: string[];
  /** An order that a node's authorization made ready is being finalized: a certificate may follow. */
  unfinished: boolean;
}

/** Registered nodes. A node whose removal has begun is not changed any more. */
export interface Nodes {
  /** Registers a node; false, and nothing is stored, when a node has the CN, also one that is being removed. */
  createNode(node: Node): Promise<boolean>;
  /**
   * Registers the CN anew: `node` replaces the present registration and takes over its certificates. The earlier seed
   * becomes invalid, and valid authorizations that the earlier registration proved are revoked (at `registeredAt`).
   * False when no node has the CN, or it is being removed.
   */
  replaceNode(node: Node): Promise<boolean>;
  getNode(cn: string): Promise<Node | null>;
  /** Nodes after the given CN, in order of the CN's octets, including those being removed. */
  listNodes(page: { after: string | null; limit: number }): Promise<Node[]>;
  /** Nodes that are being removed are not found. */
  findNodeBySeed(seedHash: string): Promise<Node | null>;
  /**
   * The node that has a certificate of this serial (see recordEnrolment, recordNodeCertificate), also while it is
   * being removed.
   */
  findNodeBySerial(serial: string): Promise<Node | null>;
  /**
   * Uses the seed for this key (base64url SHA-256 of its SubjectPublicKeyInfo). Of several concurrent keys, one gets
   * it.
   */
  claimEnrolment(seedHash: string, key: string, at: number): Promise<ClaimOutcome>;
  /**
   * Records the certificate of an enrolment as the node's; idempotent. False when the enrolment was replaced before
   * or the node is removed or being removed: the certificate must not be used.
   */
  recordEnrolment(enrolmentId: string, certificate: { serial: string; notAfter: number }): Promise<boolean>;
  /** Another certificate of the node, by renewal. False when the node is removed or being removed. */
  recordNodeCertificate(nodeId: string, certificate: { serial: string; notAfter: number }): Promise<boolean>;
  /**
   * Begins a removal: the node can no longer enrol or prove names, and its valid authorizations are revoked. Null: no
   * such node.
   */
  beginNodeRemoval(cn: string, at: number): Promise<Node | null>;
  findNodeIssuances(id: string, now: number): Promise<NodeIssuances>;
  /** The node of this registration, also while it is being removed. */
  getNodeById(id: string): Promise<Node | null>;
  /** The node with this key id, unless it is being removed. */
  findNodeByKey(keyId: string): Promise<Node | null>;
  /**
   * Changes names, patterns, profile, waiver and key of the registration with this id, and revokes (at `at`) the
   * valid authorizations it proved. Null when the node is removed, being removed, or registered anew.
   */
  changeNode(node: Node, at: number): Promise<Node | null>;
  /**
   * Serials of certificates of the node or of its authorizations, at most `limit`; those that end last come first.
   */
  listNodeSerials(id: string, limit: number): Promise<string[]>;
  /** Deletes the node and the records of its certificates; idempotent. */
  removeNode(id: string): Promise<void>;
}
